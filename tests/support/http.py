"""An HTTP server on a free port of 127.0.0.1: prints the port, then a line of JSON for each request.

It ends when standard input does, however the test process ends. /500 is refused, /slow never answered.
"""

import http.server
import json
import os
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        seen = {
            "path": self.path,
            "type": self.headers["Content-Type"],
            "authorization": self.headers["Authorization"],
            "body": json.loads(body),
        }
        print(json.dumps(seen), flush=True)
        if self.path == "/slow":
            self.rfile.read()
            return
        self.send_response(500 if self.path == "/500" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


def end_with_input():
    sys.stdin.read()
    os._exit(0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=end_with_input, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
