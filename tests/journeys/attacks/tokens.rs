//! Invalid tokens, tokens of others and tokens in the wrong place, on every route.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::{User, claims};
use tests::cleanup::run_in_drop;
use tests::product::Product;
use tests::signature::hmac;
use tests::wait::eventually;
use uuid::Uuid;

use crate::attacks::{Attacker, Table, Victim, asking};

pub(crate) async fn attack(table: &mut Table, ann: &Victim, bob: &Attacker) {
    table.on_every_route("tokens", "none", ann, |call| call).await;
    for (attack, token) in forged(ann, bob).await {
        table.on_every_route("tokens", attack, ann, |call| call.bearer_auth(&token)).await;
        table.on_the_socket("tokens", attack, &token).await;
    }
    tokens_for_other_purposes(table, ann, bob).await;
    places(table, ann).await;
}

/// Ann's token, changed or forged.
async fn forged(ann: &Victim, bob: &Attacker) -> Vec<(&'static str, String)> {
    let token = &ann.user.tokens.access_token;
    let [header, payload, signature] = parts(token);
    let [_, bobs_payload, bobs_signature] = parts(bob.token());
    let said = claims(token);
    let mut tokens = vec![
        ("garbage", "garbage".to_owned()),
        ("garbage in three parts", "a.b.c".to_owned()),
        ("an empty token", "..".to_owned()),
        ("a very long token", "A".repeat(7000)),
        ("a tampered signature", format!("{header}.{payload}.{}", flipped(signature))),
        ("another token's signature", format!("{header}.{payload}.{bobs_signature}")),
        ("his signature over her claims", format!("{header}.{bobs_payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.{signature}")),
        ("her ID token", ann.user.tokens.id_token.clone()),
        ("her refresh token", ann.user.tokens.refresh_token.clone()),
    ];
    for (attack, claim, value) in [
        ("a longer life", "exp", json!(4_102_444_800_i64)),
        ("another subject", "sub", json!(Uuid::new_v4())),
        ("a subject that is a list", "sub", json!([ann.id()])),
        ("a subject that is a number", "sub", json!(7)),
        ("a subject that is an object", "sub", json!({"$ne": null})),
        ("a use that is a list", "token_use", json!(["access"])),
        ("a life that is a text", "exp", json!("never")),
        ("a life without an end", "exp", json!(1e300)),
        ("a group of its choice", "cognito:groups", json!(["admin"])),
        ("groups that are a text", "cognito:groups", json!("admin")),
        ("another client", "client_id", json!("another")),
        ("another issuer", "iss", json!("https://issuer.example.com")),
    ] {
        let mut other = said.clone();
        other[claim] = value;
        tokens.push((attack, format!("{header}.{}.{signature}", encoded(&other))));
    }
    let kid = decoded(header)["kid"].clone();
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let head = encoded(&json!({"alg": algorithm, "typ": "JWT", "kid": kid}));
        tokens.push(("no algorithm", format!("{head}.{payload}.")));
        tokens.push(("no algorithm, with a signature", format!("{head}.{payload}.{signature}")));
    }
    let head = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
    for secret in public_key(ann.user.product(), &kid).await {
        tokens.push(("HS256 with the public key", signed(&head, &said, &secret)));
    }
    for secret in ["", "secret", ann.user.product().user_pool_client(), ann.user.product().user_pool()] {
        tokens.push(("HS256 with a secret that can be guessed", signed(&head, &said, secret.as_bytes())));
    }
    for kid in [json!("../../../../dev/null"), json!("x' UNION SELECT '"), json!(null), json!(["a"]), json!(7)] {
        let head = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        tokens.push(("a key id of its choice", signed(&head, &said, b"")));
        tokens.push((
            "a key id of its choice",
            format!("{}.{payload}.{signature}", encoded(&json!({"alg": "RS256", "kid": kid}))),
        ));
    }
    let own = json!({"kty": "oct", "k": encoded(&json!("own")), "kid": kid});
    for (name, value) in [
        ("jwk", own.clone()),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/key.pem")),
        ("x5c", json!([STANDARD.encode("own")])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        let mut head = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        head[name] = value.clone();
        tokens.push(("a key that it brings along", signed(&head, &said, own["k"].as_str().unwrap().as_bytes())));
        head["alg"] = json!("RS256");
        tokens.push(("a key that it brings along", format!("{}.{payload}.{signature}", encoded(&head))));
    }
    tokens
}

/// Valid tokens of this cloud that are not for these APIs.
async fn tokens_for_other_purposes(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let product = ann.user.product();
    let pool = OtherPool::new(product).await;
    let token = pool.administrator(&ann.user.account.email).await;
    table
        .on_every_route("tokens", "of an administrator of another pool, with her address", ann, |call| {
            call.bearer_auth(&token)
        })
        .await;
    table.on_the_socket("tokens", "of an administrator of another pool, with her address", &token).await;
    let client = OtherClient::new(product).await;
    let token = client.sign_in(&bob.user).await;
    table.on_every_route("tokens", "of another client of the pool", ann, |call| call.bearer_auth(&token)).await;
    table.on_the_socket("tokens", "of another client of the pool", &token).await;
}

/// Ann's good token, where no token belongs.
async fn places(table: &mut Table, ann: &Victim) {
    let token = &ann.user.tokens.access_token;
    for name in ["access_token", "Authorization", "token", "jwt", "id_token"] {
        table.on_every_route("places", "the query", ann, |call| asking(call, name, token)).await;
    }
    let cookie = format!("Authorization=Bearer {token}; access_token={token}; token={token}");
    table.on_every_route("places", "a cookie", ann, |call| call.header("cookie", &cookie)).await;
    for header in
        ["x-authorization", "proxy-authorization", "x-access-token", "x-amzn-oidc-data", "authorization-bearer"]
    {
        table
            .on_every_route("places", "another header", ann, |call| call.header(header, format!("Bearer {token}")))
            .await;
    }
    let body = json!({"access_token": token, "Authorization": format!("Bearer {token}")});
    table.on_every_route("places", "the body", ann, |call| call.json(&body)).await;
    for value in [
        format!("Basic {}", STANDARD.encode(format!("{}:{}", ann.user.account.email, ann.user.account.password))),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("JWT {token}"),
        format!("Bearer Bearer {token}"),
        format!("Bearer, {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token} x"),
        format!("Bearer token={token}"),
        "Bearer".to_owned(),
        String::new(),
    ] {
        table
            .on_every_route("places", "another scheme, or none of either", ann, |call| {
                call.header("authorization", &value)
            })
            .await;
    }
    let two = |call: reqwest::RequestBuilder| {
        call.header("authorization", "Bearer x").header("authorization", format!("Bearer {token}"))
    };
    table.on_every_route("places", "the second of two headers", ann, two).await;
}

/// A token of Ann's that was good for a second, after that second.
pub(crate) async fn expired(user: &User) -> String {
    let token = user.short_lived_token(1).await;
    let end = claims(&token)["exp"].as_i64().expect("a time of expiry");
    eventually("its expiry", async || (Timestamp::now().as_second() > end).then_some(())).await;
    token
}

/// The public key that signed tokens with this key id, in the forms in which it may have been taken for a secret.
async fn public_key(product: &Product, kid: &Value) -> Vec<Vec<u8>> {
    let url = format!("{}/{}/.well-known/jwks.json", product.endpoint(), product.user_pool());
    let keys: Value = product.http().get(url).send().await.expect("the keys").json().await.expect("keys in JSON");
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).expect("the token's key");
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (modulus, exponent) = (number("n"), number("e"));
    let pkcs1 = der(0x30, &[integer(&modulus), integer(&exponent)].concat());
    // rsaEncryption, without parameters (RFC 8017, appendix A.1).
    let algorithm = der(0x30, &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]);
    let bits = [vec![0], pkcs1.clone()].concat();
    let spki = der(0x30, &[algorithm, der(0x03, &bits)].concat());
    let (first, second) = (pem("PUBLIC KEY", &spki), pem("RSA PUBLIC KEY", &pkcs1));
    let trimmed = first.trim_end().to_owned();
    let texts = [first, trimmed, second, key["n"].as_str().unwrap().to_owned(), key.to_string()];
    texts.into_iter().map(String::into_bytes).chain([spki, pkcs1, modulus]).collect()
}

/// A value in DER: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().position(|&byte| byte != 0).unwrap_or(7)..];
    let mut value = vec![tag];
    if content.len() >= 0x80 {
        value.push(0x80 | u8::try_from(length.len()).unwrap());
    }
    value.extend(length);
    value.extend(content);
    value
}

/// A positive integer in DER: a leading bit that is set would make it negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign = if bytes[0] & 0x80 == 0 { vec![] } else { vec![0] };
    der(0x02, &[sign, bytes.to_vec()].concat())
}

fn pem(name: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----\n", lines.join("\n"))
}

fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac(secret, text.as_bytes()));
    format!("{text}.{signature}")
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().expect("a token of three parts")
}

/// The same signature but for one bit in its middle: the last characters of base64 may hold bits that nobody reads.
fn flipped(signature: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A user pool of the attacker's own; it goes with this.
struct OtherPool {
    product: Product,
    id: String,
}

impl OtherPool {
    async fn new(product: &Product) -> Self {
        let cognito = aws_sdk_cognitoidentityprovider::Client::new(product.sdk());
        let pool = cognito.create_user_pool().pool_name(format!("attack-{}", Uuid::new_v4())).send().await;
        let id = pool.expect("a pool").user_pool.and_then(|pool| pool.id).expect("a pool's id");
        Self { product: product.clone(), id }
    }

    /// The access token of an administrator there.
    async fn administrator(&self, email: &str) -> String {
        let cognito = aws_sdk_cognitoidentityprovider::Client::new(self.product.sdk());
        let password = format!("Pw-{}", Uuid::new_v4().simple());
        let client = create_client(&cognito, &self.id).await;
        let user = cognito.admin_create_user().user_pool_id(&self.id).username(email);
        user.send().await.expect("a user");
        let known = cognito.admin_set_user_password().user_pool_id(&self.id).username(email).password(&password);
        known.permanent(true).send().await.expect("a password");
        cognito.create_group().user_pool_id(&self.id).group_name("admin").send().await.expect("a group");
        let member = cognito.admin_add_user_to_group().user_pool_id(&self.id).group_name("admin").username(email);
        member.send().await.expect("a member");
        sign_in(&cognito, &self.id, &client, email, &password).await
    }
}

impl Drop for OtherPool {
    fn drop(&mut self) {
        let (product, id) = (self.product.clone(), self.id.clone());
        run_in_drop(async move {
            let cognito = aws_sdk_cognitoidentityprovider::Client::new(product.sdk());
            cognito.delete_user_pool().user_pool_id(id).send().await.expect("no pool left");
        });
    }
}

/// Another client of the product's pool; it goes with this.
struct OtherClient {
    product: Product,
    id: String,
}

impl OtherClient {
    async fn new(product: &Product) -> Self {
        let cognito = aws_sdk_cognitoidentityprovider::Client::new(product.sdk());
        let id = create_client(&cognito, product.user_pool()).await;
        Self { product: product.clone(), id }
    }

    async fn sign_in(&self, user: &User) -> String {
        let cognito = aws_sdk_cognitoidentityprovider::Client::new(self.product.sdk());
        let (email, password) = (&user.account.email, &user.account.password);
        sign_in(&cognito, self.product.user_pool(), &self.id, email, password).await
    }
}

impl Drop for OtherClient {
    fn drop(&mut self) {
        let (product, id) = (self.product.clone(), self.id.clone());
        run_in_drop(async move {
            let cognito = aws_sdk_cognitoidentityprovider::Client::new(product.sdk());
            let delete = cognito.delete_user_pool_client().user_pool_id(product.user_pool()).client_id(id);
            delete.send().await.expect("no client left");
        });
    }
}

async fn create_client(cognito: &aws_sdk_cognitoidentityprovider::Client, pool: &str) -> String {
    let request = cognito.create_user_pool_client().user_pool_id(pool).client_name("attack");
    let request = request.explicit_auth_flows("ALLOW_ADMIN_USER_PASSWORD_AUTH".into());
    let client = request.explicit_auth_flows("ALLOW_REFRESH_TOKEN_AUTH".into()).send().await.expect("a client");
    client.user_pool_client.and_then(|client| client.client_id).expect("a client's id")
}

async fn sign_in(
    cognito: &aws_sdk_cognitoidentityprovider::Client,
    pool: &str,
    client: &str,
    email: &str,
    password: &str,
) -> String {
    let request = cognito.admin_initiate_auth().user_pool_id(pool).client_id(client);
    let request = request.auth_flow("ADMIN_USER_PASSWORD_AUTH".into()).auth_parameters("USERNAME", email);
    let answer = request.auth_parameters("PASSWORD", password).send().await.expect("a sign-in");
    answer.authentication_result.and_then(|result| result.access_token).expect("an access token")
}
