"""Asks the example's model one question with the openai client, and prints the answer as it comes."""

import json
import subprocess
import sys
import time

from openai import OpenAI


def service_address() -> str:
    """The cluster address of the Service that the InferenceService made."""
    service = json.loads(
        subprocess.check_output(["kubectl", "get", "service", "chat", "-o", "json"])
    )
    return f"http://{service['spec']['clusterIP']}/v1"


def main() -> None:
    client = OpenAI(base_url=service_address(), api_key="none", timeout=60)
    started = time.monotonic()
    stream = client.chat.completions.create(
        model="default/chat",
        messages=[{"role": "user", "content": sys.argv[1]}],
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    first, tokens = None, 0
    for event in stream:
        if event.usage:
            tokens = event.usage.completion_tokens
        if event.choices and event.choices[0].delta.content:
            first = first or time.monotonic() - started
            print(event.choices[0].delta.content, end="", flush=True)
    if first is None:
        sys.exit("the model answered without a word")
    print(f"          ({tokens} tokens, first after {first * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
