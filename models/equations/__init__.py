"""All energy equations side by side, each with its record against published measurements."""
