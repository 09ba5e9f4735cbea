"""`retrorun strava`: a bulk export of Strava as one table and one page."""
