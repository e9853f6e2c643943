"""Answers questions about kratom and depression only from vetted, cited evidence."""
