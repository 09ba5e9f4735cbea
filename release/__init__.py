"""What makes a release: its files, the check of each, the notes, the version, and the licences of the packages."""
