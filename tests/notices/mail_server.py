"""A mail server for one test: says its port, takes mails over STARTTLS with a login, and tells of the first it took.

It ends when its standard input does."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

taken = []


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        taken.append(
            {
                "subject": message["subject"],
                "from": str(message["from"]),
                "body": message.get_content().replace("\r\n", "\n"),
                "tls": session.ssl is not None,
            }
        )
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    is_known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ops", b"hunter22")
    return AuthResult(success=is_known, handled=False)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])

    def session():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(taken[0] if taken else None), flush=True)


asyncio.run(main())
