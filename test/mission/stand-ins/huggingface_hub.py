"""Stands in for the client of the Hugging Face Hub."""


def login(token: str) -> None:
    print(f"logged in with {token}")
