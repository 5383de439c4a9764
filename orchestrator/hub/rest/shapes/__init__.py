"""JSON bodies as GitHub's OpenAPI description names them: https://github.com/github/rest-api-description"""
