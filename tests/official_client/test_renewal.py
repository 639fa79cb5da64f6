"""STACKIT's own Python SDK against a simulator whose tokens are always about to expire.

The environment says where, as for `test_iaas`.
"""

import os
import unittest
import uuid
from unittest import mock

import requests
from stackit.core.auth_methods import key_auth

from test_iaas import connect

PROJECT = uuid.UUID(os.environ["SIM_PROJECT_ID"])


class TokensThatExpireSoon(unittest.TestCase):
    def test_each_call_renews_the_token_first(self):
        grants = []

        def post(url, data, **more):
            grants.append(data["grant_type"])
            return requests.post(url, data=data, **more)

        with mock.patch.object(key_auth, "requests", mock.Mock(wraps=requests, post=post)) as patched:
            patched.RequestException = requests.RequestException
            api = connect()
            for calls in range(1, 4):
                self.assertGreater(len(api.list_servers(PROJECT, "eu01").items), 0)
                self.assertGreaterEqual(grants.count("refresh_token"), calls)
        self.assertEqual(grants[0], "urn:ietf:params:oauth:grant-type:jwt-bearer")


if __name__ == "__main__":
    unittest.main(verbosity=2)
