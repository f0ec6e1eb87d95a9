"""The no-op endpoint on LitServe: litserve_server.py PORT"""

import sys

import litserve


class Noop(litserve.LitAPI):
    def setup(self, device):
        pass

    def decode_request(self, request):
        return request["prompt"]

    def predict(self, prompt):
        return prompt

    def encode_response(self, output):
        return {"text": output}


if __name__ == "__main__":
    server = litserve.LitServer(Noop(api_path="/"), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False)
