"""What tests work on: tiny networks, pictures, files, banks, and the command as a user runs it."""
