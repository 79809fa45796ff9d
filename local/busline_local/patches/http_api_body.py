"""HTTP APIs made from an OpenAPI `Body`, which is what SAM's HttpApi becomes.

Stock stores the API and ignores `Body`, so the API has no route, no
authorizer and no CORS, and every call is answered 404.
AWS: `Body` is imported as an OpenAPI 3.0 definition, and imported again in
place of all that was there whenever the property changes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html
with the extensions of
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
Patched by translating the definition into MiniStack's own records of routes,
integrations and authorizers. They are built whole before they replace the old
ones, so that a request meets one version of the API or the other, and a
definition that cannot be imported fails the stack and changes nothing.

Only what Busline's templates need is understood: proxy integrations and JWT
authorizers. Another kind of authorizer is refused rather than left out.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::ApiGatewayV2::Api"
_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = {
    method: method.upper()
    for method in ("get", "put", "post", "delete", "patch", "head", "options")
} | {_ANY_METHOD: "ANY"}
_DEFAULT_PATH = "/$default"
_NO_AUTHORIZER = "NONE"
_INTEGRATION_FIELDS = {
    "uri": "integrationUri",
    "httpMethod": "integrationMethod",
    "payloadFormatVersion": "payloadFormatVersion",
    "timeoutInMillis": "timeoutInMillis",
    "requestParameters": "requestParameters",
    "responseParameters": "responseParameters",
}

Json = dict[str, Any]


@dataclass
class _Definition:
    """An imported definition, as MiniStack's records by their ids."""

    fields: Json = field(default_factory=dict)
    cors: Json | None = None
    routes: dict[str, Json] = field(default_factory=dict)
    integrations: dict[str, Json] = field(default_factory=dict)
    authorizers: dict[str, Json] = field(default_factory=dict)

    def install(self, api_id: str) -> None:
        """Replace all that the API had."""
        api = apigateway._apis[api_id]
        api.update(self.fields)
        if self.cors is None:
            api.pop("corsConfiguration", None)
        else:
            api["corsConfiguration"] = self.cors
        apigateway._authorizers[api_id] = self.authorizers
        apigateway._integrations[api_id] = self.integrations
        apigateway._routes[api_id] = self.routes


def apply() -> None:
    """Import `Body` when CloudFormation creates or updates an HTTP API."""
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_with_body(logical_id: str, properties: Json, stack_name: str) -> Any:
        definition = _definition(properties)
        created = create(logical_id, _with_tags(properties), stack_name)
        if definition is not None:
            definition.install(created[0])
        return created

    def update_with_body(physical_id: str, old: Json, new: Json, *rest: Any) -> Any:
        definition = _definition(new)
        updated = update(physical_id, _with_tags(old), _with_tags(new), *rest)
        if definition is not None:
            definition.install(updated[0])
        return updated

    def delete_with_authorizers(physical_id: str, properties: Json) -> None:
        delete(physical_id, properties)
        apigateway._authorizers.pop(physical_id, None)

    handler["create"] = create_with_body
    handler["update"] = update_with_body
    handler["delete"] = delete_with_authorizers


def _with_tags(properties: Json) -> Json:
    body = properties.get("Body") or {}
    value = "x-amazon-apigateway-tag-value"
    tags = {tag["name"]: tag[value] for tag in body.get("tags", []) if value in tag}
    return {**properties, "Tags": tags | properties.get("Tags", {})}


def _definition(properties: Json) -> _Definition | None:
    body = properties.get("Body")
    if body is None:
        return None
    if not isinstance(body, dict) or not str(body.get("openapi", "")).startswith("3.0"):
        raise ValueError(f"{_TYPE} Body: expected an OpenAPI 3.0 definition")
    definition = _Definition(cors=body.get("x-amazon-apigateway-cors"))
    # AWS takes the name from the definition, regardless of the template.
    info = body.get("info", {})
    if "title" in info:
        definition.fields["name"] = info["title"]
    if "version" in info:
        definition.fields["version"] = str(info["version"])
    definition.authorizers = _authorizers(body)
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            if method in _METHODS:
                _add_route(definition, body, _route_key(method, path), operation)
    return definition


def _authorizers(body: Json) -> dict[str, Json]:
    authorizers = {}
    schemes = body.get("components", {}).get("securitySchemes", {})
    for name, scheme in schemes.items():
        extension = scheme.get("x-amazon-apigateway-authorizer")
        if extension is None:
            continue
        if extension.get("type") != "jwt":
            raise ValueError(
                f"{_TYPE} Body: authorizer {name} has type {extension.get('type')!r}; "
                "the local cloud imports 'jwt' alone"
            )
        source = extension.get("identitySource", "$request.header.Authorization")
        authorizer_id = _id("authorizer", name)
        authorizers[authorizer_id] = {
            "authorizerId": authorizer_id,
            "authorizerType": "JWT",
            "name": name,
            "identitySource": [source] if isinstance(source, str) else source,
            "jwtConfiguration": extension["jwtConfiguration"],
        }
    return authorizers


def _add_route(definition: _Definition, body: Json, route_key: str, operation: Json) -> None:
    extension = operation.get("x-amazon-apigateway-integration")
    if extension is None:
        raise ValueError(
            f"{_TYPE} Body: {route_key} has no x-amazon-apigateway-integration to answer it"
        )
    integration_id = _id("integration", route_key)
    definition.integrations[integration_id] = {
        "integrationId": integration_id,
        "integrationType": extension["type"].upper(),
        "connectionType": "INTERNET",
        "timeoutInMillis": 30_000,
        **{name: extension[key] for key, name in _INTEGRATION_FIELDS.items() if key in extension},
    }
    route_id = _id("route", route_key)
    definition.routes[route_id] = {
        "routeId": route_id,
        "routeKey": route_key,
        "target": f"integrations/{integration_id}",
        "apiKeyRequired": False,
        "operationName": operation.get("operationId", ""),
        **_authorization(definition, route_key, operation, body.get("security", [])),
    }


def _authorization(
    definition: _Definition, route_key: str, operation: Json, of_the_api: list[Json]
) -> Json:
    # An operation's own requirement, even an empty one, overrides the API's.
    requirements = operation.get("security", of_the_api)
    names = [(name, scopes) for one in requirements for name, scopes in one.items()]
    if not names or names[0][0] == _NO_AUTHORIZER:
        return {"authorizationType": "NONE"}
    name, scopes = names[0]
    authorizer_id = _id("authorizer", name)
    if authorizer_id not in definition.authorizers:
        raise ValueError(
            f"{_TYPE} Body: {route_key} is secured by {name!r}, which is no authorizer "
            "among components.securitySchemes"
        )
    return {
        "authorizationType": "JWT",
        "authorizerId": authorizer_id,
        "authorizationScopes": list(scopes),
    }


def _route_key(method: str, path: str) -> str:
    return "$default" if path == _DEFAULT_PATH else f"{_METHODS[method]} {path}"


def _id(kind: str, name: str) -> str:
    # The same name keeps its id over updates; ids are unique within an API.
    return hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[:8]
