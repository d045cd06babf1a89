"""What the server does for all sessions: jobs and whose turn it is, memory, sign-in, folders."""
