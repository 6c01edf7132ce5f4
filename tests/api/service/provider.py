"""A small OpenID provider that keeps the rules of the authorization code flow, and can be told to
break one."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "duban", "provider-secret-of-thirty-two-bytes!"


@dataclass
class Provider:
    """The provider; `claims` are of whoever sits at the browser, `faults` what it does wrong."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    only_userinfo: tuple[str, ...] = ()
    faults: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Its web service."""
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self.configuration)
        app.get("/authorize")(self.authorize)
        app.post("/token")(self.token)
        app.get("/jwks")(
            lambda: {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]}
        )
        app.get("/userinfo")(self.userinfo)
        return app

    def configuration(self) -> dict[str, Any]:
        other = "https://elsewhere.example"
        return {
            "issuer": other if "issuer" in self.faults else self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": "http://elsewhere.example/token" if "endpoint" in self.faults else f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks", "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }  # fmt: skip

    def authorize(self, request: Request) -> RedirectResponse:
        query = dict(request.query_params)
        self.asked.append(query)
        back = {"state": query["state"], "iss": self.url}
        if "mixed" in self.faults:
            back["iss"] = "https://elsewhere.example"
        if "refused" in self.faults:
            back["error"] = "access_denied"
        else:
            back["code"] = secrets.token_urlsafe(16)
            self.codes[back["code"]] = query
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> JSONResponse:
        form = dict(await request.form())
        begun = self.codes.pop(str(form.get("code")), None)
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        known = request.headers.get("Authorization") == f"Basic {given}"
        held = begun and begun["code_challenge"] == challenge and begun["code_challenge_method"] == "S256"  # fmt: skip
        if not known or not held or form.get("redirect_uri") != begun["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if "broken" in self.faults:
            return JSONResponse({"error": "server_error"}, 500)
        access = secrets.token_urlsafe(16)
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "id_token": self.id_token(begun, access),
            }
        )

    def id_token(self, begun: dict[str, str], access: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {k: v for k, v in self.claims.items() if k not in self.only_userinfo}
        claims |= {
            "iss": self.url, "aud": CLIENT, "sub": "subject-1", "iat": now, "exp": now + 300,
            "nonce": begun["nonce"], "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        }  # fmt: skip
        claims |= {
            name: value
            for fault, name, value in (
                ("nonce", "nonce", "another"), ("audience", "aud", "another"),
                ("expired", "exp", now - 3600), ("token-issuer", "iss", "https://elsewhere.example"),
                ("access-hash", "at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
            )
            if fault in self.faults
        }  # fmt: skip
        if "no-nonce" in self.faults:
            claims |= {"nonce_supported": False}
            del claims["nonce"]
        if "unsigned" in self.faults:
            return jwt.encode(
                {"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"]
            )
        if "shared-secret" in self.faults:
            return jwt.encode(
                {"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"]
            )
        key = RSAKey.generate_key(2048, {"kid": "one"}) if "other-key" in self.faults else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    def userinfo(self) -> dict[str, Any]:
        return self.claims | {"sub": "subject-2" if "other-subject" in self.faults else "subject-1"}


@contextmanager
def running() -> Iterator[Provider]:
    """The provider on a port of this machine."""
    provider = Provider()
    server = uvicorn.Server(
        uvicorn.Config(provider.app(), port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    provider.url = f"http://127.0.0.1:{port}"
    yield provider
    server.should_exit = True
    thread.join()
