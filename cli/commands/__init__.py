"""The commands' signatures and help. What a command does is imported when it runs."""
