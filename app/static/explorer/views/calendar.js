// The four weeks of a plan as a calendar file: RFC 5545, one event of a whole day for each session.

const DAYS = 7;
/** Longest line of a calendar file in bytes, without its end. */
const LONGEST = 75;

const escaped = (text) => text.replace(/[\\;,]/g, "\\$&").replaceAll("\n", "\\n");
const day = (date) => date.toISOString().slice(0, 10).replaceAll("-", "");

/** Break a line that is too long: each further line begins with a space. A character is never cut. */
function folded(line) {
  const bytes = (text) => new TextEncoder().encode(text).length;
  const lines = [""];
  for (const character of line) {
    if (bytes(lines.at(-1)) + bytes(character) > LONGEST) lines.push(" ");
    lines[lines.length - 1] += character;
  }
  return lines.join("\r\n");
}

/** Write sessions, `{week, sessions, words}`, from a first day, with notes in each; the days of a week are spread evenly. */
export function calendar(weeks, first, notes) {
  const stamp = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const dates = weeks.flatMap((week) =>
    Array.from({ length: week.sessions }, (_, place) => {
      const after = (week.week - 1) * DAYS + Math.floor((place * DAYS) / week.sessions);
      return { week, place, date: new Date(first.getTime() + after * 86_400_000) };
    }),
  );
  const events = dates.flatMap(({ week, place, date }) => [
    "BEGIN:VEVENT",
    `UID:${day(date)}-${week.week}-${place + 1}@retrorun`,
    `DTSTAMP:${stamp}`,
    `DTSTART;VALUE=DATE:${day(date)}`,
    `SUMMARY:${escaped(`Backward, week ${week.week}, session ${place + 1}`)}`,
    `DESCRIPTION:${escaped([week.words, ...notes].join("\n"))}`,
    "TRANSP:TRANSPARENT",
    "END:VEVENT",
  ]);
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//RetroRun//Four weeks//EN", ...events, "END:VCALENDAR"];
  return lines.map(folded).join("\r\n") + "\r\n";
}
