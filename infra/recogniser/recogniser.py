"""A recogniser behind OpenAI's POST /v1/audio/transcriptions, for tests: PocketSphinx, one request at a time.

Usage: recogniser.py PORT [KEY]. With a key, requests must carry it as a bearer token.
"""

import json
import subprocess
import sys
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, HTTPServer

from pocketsphinx import Decoder

RATE = 16000
decoder = Decoder(samprate=RATE)
key = sys.argv[2] if len(sys.argv) > 2 else None


def words_of(audio):
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    pcm = subprocess.run(command, input=audio, capture_output=True, check=True).stdout
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr if decoder.hyp() else ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": "ready"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if key and self.headers["authorization"] != f"Bearer {key}":
            return self.answer(401, {"error": {"message": "wrong key"}})
        if self.path != "/v1/audio/transcriptions":
            return self.answer(404, {"error": {"message": "no such path"}})
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + body).get_payload()
        fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}
        if "file" not in fields or "model" not in fields:
            return self.answer(400, {"error": {"message": "file or model is missing"}})
        try:
            self.answer(200, {"text": words_of(fields["file"])})
        except subprocess.CalledProcessError:
            self.answer(400, {"error": {"message": "this is no audio"}})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
