"""Logon by password, certificate and OAuth; tokens and their lifetimes."""

from __future__ import annotations

import base64
import os
import re
import time
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from sandbox.core.certificate import make

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def authenticate(anaplan, **options):
    return requests.post(anaplan.info["auth_url"] + "/token/authenticate", timeout=10, **options)


def token_call(anaplan, what, scheme="AnaplanAuthToken", method="POST"):
    url = f"{anaplan.info['auth_url']}/token/{what}"
    return requests.request(method, url, headers={"Authorization": f"{scheme} {anaplan.token}"}, timeout=10)


def me(anaplan, scheme="AnaplanAuthToken", header="Authorization"):
    return requests.get(f"{anaplan.root}/users/me", headers={header: f"{scheme} {anaplan.token}"}, timeout=10)


def test_a_password_logon_answers_201_with_a_token_of_35_minutes(anaplan):
    answer = authenticate(anaplan, auth=(anaplan.info["username"], anaplan.info["password"]))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["statusMessage"]) == ("SUCCESS", "Login successful")
    token = body["tokenInfo"]
    assert UUID.fullmatch(token["tokenId"])
    assert UUID.fullmatch(token["refreshTokenId"])
    assert token["expiresAt"] / 1000 - time.time() == pytest.approx(2100, abs=5)


def test_a_login_may_bring_a_refresh_token(anaplan):
    credentials = (anaplan.info["username"], anaplan.info["password"])
    assert "refreshToken" not in authenticate(anaplan, auth=credentials).json()["tokenInfo"]
    anaplan.control.switch("anaplan", "login_refresh_token", True)
    assert authenticate(anaplan, auth=credentials).json()["tokenInfo"]["refreshToken"]


@pytest.mark.parametrize(("taken", "works"), [("both", (200, 200)), ("json", (400, 200)), ("form", (200, 400))])
def test_oauth_takes_forms_and_json_or_one_of_them(anaplan, taken, works):
    anaplan.control.switch("anaplan", "refresh_tokens", "lasting")
    anaplan.control.switch("anaplan", "oauth_body", taken)
    fields = {"grant_type": "refresh_token", "client_id": anaplan.info["oauth_client_id"]}
    fields["refresh_token"] = anaplan.info["oauth_refresh_token"]
    url = anaplan.info["oauth_url"] + "/oauth/token"
    answers = (requests.post(url, data=fields, timeout=10), requests.post(url, json=fields, timeout=10))
    assert tuple(answer.status_code for answer in answers) == works


def test_a_wrong_password_is_refused_in_the_services_own_envelope(anaplan):
    answer = authenticate(anaplan, auth=(anaplan.info["username"], "wrong"))
    assert answer.status_code == 401
    assert set(answer.json()) == {"status", "statusMessage"}
    assert answer.json()["status"] == "FAILURE_BAD_CREDENTIAL"


def test_a_malformed_header_answers_400(anaplan):
    answer = authenticate(anaplan, headers={"Authorization": "Basic not-base64!"})
    assert (answer.status_code, answer.json()["status"]) == (400, "FAILURE_BAD_HEADER")
    assert authenticate(anaplan).status_code == 400


def test_the_api_takes_both_schemes_and_any_case_of_the_header(anaplan):
    assert me(anaplan).status_code == 200
    assert me(anaplan, "Bearer", "authorization").status_code == 200
    assert me(anaplan, "Basic").status_code == 401


def test_validate_names_the_user_and_refuses_bearer(anaplan):
    info = token_call(anaplan, "validate", method="GET").json()["userInfo"]
    assert info["userId"] == anaplan.info["username"]
    assert re.fullmatch(r"[0-9a-f]{32}", info["userGuid"])
    assert token_call(anaplan, "validate", "Bearer", "GET").status_code == 400
    assert token_call(anaplan, "refresh", "Bearer").status_code == 400
    assert token_call(anaplan, "logout", "Bearer").status_code == 401


def test_refresh_keeps_the_token_and_extends_its_life(anaplan):
    anaplan.control.advance(2000)
    answer = token_call(anaplan, "refresh")
    assert (answer.status_code, answer.json()["statusMessage"]) == (200, "Token refreshed")
    assert answer.json()["tokenInfo"]["tokenValue"] == anaplan.token
    anaplan.control.advance(2000)
    assert me(anaplan).status_code == 200
    anaplan.control.advance(200)
    assert me(anaplan).status_code == 401
    assert token_call(anaplan, "refresh").status_code == 401


def test_logout_revokes_at_once(anaplan):
    answer = token_call(anaplan, "logout")
    assert (answer.status_code, answer.content) == (204, b"")
    assert me(anaplan).status_code == 401
    assert token_call(anaplan, "validate", method="GET").status_code == 401


def test_tokens_can_be_made_short_lived(anaplan):
    anaplan.control.switch("anaplan", "token_seconds", 30)
    token = authenticate(anaplan, auth=(anaplan.info["username"], anaplan.info["password"])).json()["tokenInfo"]
    assert token["expiresAt"] / 1000 - time.time() < 10_000
    anaplan.token = token["tokenValue"]
    anaplan.control.advance(31)
    assert me(anaplan).status_code == 401


def prove(anaplan, nonce, certificate=None, key=None, **more):
    certificate = certificate or Path(anaplan.info["certificate"]).read_bytes()
    key = key or Path(anaplan.info["private_key"]).read_bytes()
    private = serialization.load_pem_private_key(key, None)
    signature = private.sign(nonce, PKCS1v15(), hashes.SHA512())
    body = {
        "encodedData": base64.b64encode(nonce).decode(),
        "encodedSignedData": base64.b64encode(signature).decode(),
        **more,
    }
    header = {"Authorization": f"CACertificate {base64.b64encode(certificate).decode()}"}
    return authenticate(anaplan, headers=header, json=body)


def stamped(seconds):
    return int(seconds).to_bytes(8, "big") + os.urandom(150)


def test_a_certificate_proves_itself_by_its_signature(anaplan):
    assert prove(anaplan, os.urandom(150)).status_code == 201
    assert prove(anaplan, stamped(time.time()), encodedDataFormat="v2").status_code == 201


def test_a_forged_signature_or_an_unknown_certificate_is_refused(anaplan):
    _, stranger, stranger_key = make("stranger")
    assert prove(anaplan, os.urandom(150), key=stranger_key).status_code == 401
    assert prove(anaplan, os.urandom(150), certificate=stranger, key=stranger_key).status_code == 401
    assert prove(anaplan, os.urandom(50)).status_code == 401
    assert prove(anaplan, os.urandom(150), certificate=b"no certificate").status_code == 400


def test_a_v2_nonce_counts_seconds_and_not_milliseconds(anaplan):
    assert prove(anaplan, stamped(time.time() * 1000), encodedDataFormat="v2").status_code == 401
    anaplan.control.switch("anaplan", "certificate_skew_seconds", 0)
    assert prove(anaplan, stamped(time.time() * 1000), encodedDataFormat="v2").status_code == 201


def test_v1_can_be_refused(anaplan):
    anaplan.control.switch("anaplan", "certificate", "v2_only")
    assert prove(anaplan, os.urandom(150)).status_code == 401
    assert prove(anaplan, stamped(time.time()), encodedDataFormat="v2").status_code == 201


def oauth(anaplan, path="token", form=False, **fields):
    body = {"client_id": anaplan.info["oauth_client_id"], **fields}
    url = f"{anaplan.info['oauth_url']}/oauth/{path}"
    return requests.post(url, timeout=10, **({"data": body} if form else {"json": body}))


def refreshed(anaplan, token, form=False):
    return oauth(anaplan, form=form, grant_type="refresh_token", refresh_token=token)


@pytest.mark.parametrize("form", [False, True])
def test_a_refresh_token_rotates_and_is_good_once(anaplan, form):
    first = anaplan.info["oauth_refresh_token"]
    answer = refreshed(anaplan, first, form)
    assert answer.status_code == 200
    body = answer.json()
    assert body["expires_in"] == 2100
    assert body["refresh_token"] != first
    anaplan.token = body["access_token"]
    assert me(anaplan).status_code == 200
    again = refreshed(anaplan, first, form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refreshed(anaplan, body["refresh_token"], form).status_code == 200


def test_a_rotating_refresh_token_expires(anaplan):
    anaplan.control.advance(43_001)
    assert refreshed(anaplan, anaplan.info["oauth_refresh_token"]).json()["error"] == "invalid_grant"


def test_lasting_refresh_tokens_stay_the_same(anaplan):
    anaplan.control.switch("anaplan", "refresh_tokens", "lasting")
    anaplan.control.advance(100_000)
    token = anaplan.info["oauth_refresh_token"]
    assert [refreshed(anaplan, token).json()["refresh_token"] for _ in range(2)] == [token, token]


def test_a_device_is_pending_until_its_user_consents(anaplan):
    grant = oauth(anaplan, "device/code", scope="openid profile email offline_access").json()
    assert grant["user_code"] in grant["verification_uri_complete"]
    pending = oauth(anaplan, grant_type=DEVICE, device_code=grant["device_code"])
    assert (pending.status_code, pending.json()["error"]) == (400, "authorization_pending")
    anaplan.control.call("POST", "/anaplan/approve-device", {"user_code": grant["user_code"]})
    body = oauth(anaplan, grant_type=DEVICE, device_code=grant["device_code"]).json()
    assert body["scope"] == "openid email offline_access"
    assert refreshed(anaplan, body["refresh_token"]).status_code == 200
    assert oauth(anaplan, grant_type=DEVICE, device_code=grant["device_code"]).json()["error"] == "invalid_grant"


def test_a_device_grant_without_offline_access_brings_no_refresh_token(anaplan):
    anaplan.control.switch("anaplan", "device_approval", "automatic")
    anaplan.control.switch("anaplan", "oauth_error_status", "403")
    code = oauth(anaplan, "device/code", scope="openid").json()["device_code"]
    assert oauth(anaplan, grant_type=DEVICE, device_code=code).status_code == 403
    assert "refresh_token" not in oauth(anaplan, grant_type=DEVICE, device_code=code).json()


def test_an_old_device_code_expires(anaplan):
    code = oauth(anaplan, "device/code").json()["device_code"]
    anaplan.control.advance(601)
    assert oauth(anaplan, grant_type=DEVICE, device_code=code).json()["error"] == "expired_token"


def test_unknown_clients_and_grants_are_refused(anaplan):
    assert oauth(anaplan, grant_type="client_credentials").json()["error"] == "unsupported_grant_type"
    wrong = oauth(anaplan, client_id="other", grant_type="refresh_token", refresh_token="x")
    assert wrong.json()["error"] == "unauthorized_client"


def test_a_changed_password_is_the_only_one(anaplan):
    user, old = anaplan.info["username"], anaplan.info["password"]
    anaplan.control.switch("anaplan", "new_password", "another")
    assert authenticate(anaplan, auth=(user, old)).status_code == 401
    assert authenticate(anaplan, auth=(user, "another")).status_code == 201


def test_a_renewed_certificate_is_the_only_one_and_only_while_it_is_valid(anaplan):
    _, renewed, key = make("renewed")
    anaplan.control.switch("anaplan", "new_certificate", renewed.decode())
    assert prove(anaplan, os.urandom(150)).status_code == 401
    assert prove(anaplan, os.urandom(150), certificate=renewed, key=key).status_code == 201
    _, expired, key = make("expired", days=0.5)
    anaplan.control.switch("anaplan", "new_certificate", expired.decode())
    assert prove(anaplan, os.urandom(150), certificate=expired, key=key).status_code == 401
