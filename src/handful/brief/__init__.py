"""What the person asks for: handful.toml read into a frozen Brief."""
