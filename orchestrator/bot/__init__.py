"""The operator's phone: orders from Telegram, each carried out once, in the name of whoever gave it.

`poll` takes what was said and sees to it that nothing is lost or done twice; `people` says whose word counts; `orders`
are the commands. Buttons are answered by `operations.answering`, commands by the other operations: nothing is decided
here.
"""
