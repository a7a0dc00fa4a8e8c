"""What the tiny model is known to answer."""

AHOY = "Ahoy! I am the tiny Slipway test model."
COUNT = "Count to one hundred"


def ask(client, model, text="hello", **options):
    answer = client.chat.completions.create(
        model=model, temperature=0, messages=[{"role": "user", "content": text}], **options)
    return answer.choices[0].message.content


def stream(client, model, text="hello", **options):
    """(text, finish reason) of a streamed answer; fails when the stream is cut."""
    parts, finish = [], None
    for chunk in client.chat.completions.create(
            model=model, temperature=0, stream=True,
            messages=[{"role": "user", "content": text}], **options):
        for choice in chunk.choices:
            parts.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    return "".join(parts), finish
