"""What the web page is proven with: a world with work in every state, hostile requests, a real browser."""
