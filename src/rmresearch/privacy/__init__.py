"""The wall: pseudonyms on the way in, a Release on the way out."""
