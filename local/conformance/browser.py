"""What a browser does against Cognito: unsigned calls, and SRP in place of sending the password.

The proof is the one of
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html:
SRP-6a with SHA-256 over the 3072-bit group of RFC 3526.
"""

import base64
import datetime
import hashlib
import hmac
import secrets
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from conformance.cloud import REGION, Client, Cloud

_N_HEX = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
)
_N = int(_N_HEX, 16)
_G = 2
_INFO = b"Caldera Derived Key\x01"


class Browser:
    """A page that knows a user pool's id and its public client, and no AWS credentials."""

    def __init__(self, cloud: Cloud, pool_id: str, client_id: str) -> None:
        self.client_id = client_id
        self._pool_name = pool_id.split("_", 1)[1]
        self.cognito: Client = boto3.client(
            "cognito-idp",
            region_name=REGION,
            endpoint_url=cloud.endpoint,
            config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
        )

    def sign_up(self, email: str, password: str) -> None:
        """Sign up; a code is mailed."""
        self.cognito.sign_up(
            ClientId=self.client_id,
            Username=email,
            Password=password,
            UserAttributes=[{"Name": "email", "Value": email}],
        )

    def confirm(self, email: str, code: str) -> None:
        """Confirm the sign-up with the mailed code."""
        self.cognito.confirm_sign_up(ClientId=self.client_id, Username=email, ConfirmationCode=code)

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Prove the password by SRP; the tokens."""
        private = secrets.randbelow(_N)
        public = pow(_G, private, _N)
        challenge = self.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": email, "SRP_A": f"{public:x}"},
        )
        given = challenge["ChallengeParameters"]
        now = datetime.datetime.now(datetime.UTC)
        timestamp = f"{now:%a %b} {now.day} {now:%H:%M:%S UTC %Y}"
        key = self._key(private, public, given, password)
        message = (
            f"{self._pool_name}{given['USER_ID_FOR_SRP']}".encode()
            + base64.b64decode(given["SECRET_BLOCK"])
            + timestamp.encode()
        )
        proof = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
        answer = self.cognito.respond_to_auth_challenge(
            ClientId=self.client_id,
            ChallengeName="PASSWORD_VERIFIER",
            **({"Session": challenge["Session"]} if "Session" in challenge else {}),
            ChallengeResponses={
                "USERNAME": given["USER_ID_FOR_SRP"],
                "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
                "PASSWORD_CLAIM_SIGNATURE": proof,
                "TIMESTAMP": timestamp,
            },
        )
        return dict(answer["AuthenticationResult"])

    def _key(self, private: int, public: int, given: dict[str, str], password: str) -> bytes:
        server = int(given["SRP_B"], 16)
        u = _hash(_padded(public) + _padded(server))
        identity = f"{self._pool_name}{given['USER_ID_FOR_SRP']}:{password}".encode()
        x = _hash(_padded(int(given["SALT"], 16)) + hashlib.sha256(identity).digest())
        k = _hash(bytes.fromhex(f"00{_N_HEX}0{_G}"))
        shared = pow(server - k * pow(_G, x, _N), private + u * x, _N)
        pseudo_random = hmac.digest(_padded(u), _padded(shared), "sha256")
        return hmac.digest(pseudo_random, _INFO, "sha256")[:16]


def _padded(number: int) -> bytes:
    """Big-endian, with a leading zero byte where the first bit would read as a sign."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest(), "big")
