"""Running a job: its command line, configuration, record and dependencies."""
