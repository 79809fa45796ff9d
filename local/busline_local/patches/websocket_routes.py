"""A WebSocket client gets the responses of its API's routes, and only of two-way routes.

Stock: a connection is accepted without a subprotocol, whatever `$connect`
answers, and browsers drop one that does not speak what they offered; what a
function returns reaches the client although its route has no response; and
CloudFormation does not know `AWS::ApiGatewayV2::RouteResponse`.

AWS: `$connect` chooses the subprotocol by a header of its answer:
<https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>.
A route without a route response is one-way:
<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html>.

Patched as documented.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::ApiGatewayV2::RouteResponse"
_SUBPROTOCOL = "sec-websocket-protocol"

_chosen: ContextVar[str | None] = ContextVar("subprotocol", default=None)
"""What `$connect` chose, of the handshake that this task serves."""

Properties = dict[str, Any]


def apply() -> None:
    """Accept with the chosen subprotocol, keep one-way routes silent, know the resource type."""
    apigateway._invoke_ws_lambda = _heard_only_as_documented(apigateway._invoke_ws_lambda)
    apigateway.handle_websocket = _with_subprotocol(apigateway.handle_websocket)
    provisioners._RESOURCE_HANDLERS[_TYPE] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
    provisioners._REPLACING_PROPERTIES[_TYPE] = ("ApiId", "RouteId", "RouteResponseKey")


def _heard_only_as_documented(stock: Any) -> Any:
    async def invoke(api_id: str, *rest: Any, **settings: Any) -> Any:
        answer = await stock(api_id, *rest, **settings)
        route, event_type = rest[2], rest[5]
        if event_type == "CONNECT":
            _chosen.set(_subprotocol(answer))
        if event_type != "MESSAGE" or _has_response(api_id, route):
            return answer
        return None

    return invoke


def _subprotocol(answer: Any) -> str | None:
    headers = (answer or {}).get("headers") or {}
    return next((text for name, text in headers.items() if name.lower() == _SUBPROTOCOL), None)


def _has_response(api_id: str, route: dict[str, Any]) -> bool:
    responses = apigateway._route_responses.get(api_id, {}).get(route.get("routeId"))
    return bool(responses and route.get("routeResponseSelectionExpression"))


def _with_subprotocol(stock: Any) -> Any:
    async def handle(scope: Any, receive: Any, send: Any, *rest: Any, **settings: Any) -> Any:
        _chosen.set(None)

        async def send_with_subprotocol(message: dict[str, Any]) -> None:
            chosen = _chosen.get()
            if message.get("type") == "websocket.accept" and chosen in scope["subprotocols"]:
                message = {**message, "subprotocol": chosen}
            await send(message)

        return await stock(scope, receive, send_with_subprotocol, *rest, **settings)

    return handle


def _create(_logical_id: str, properties: Properties, _stack_name: str) -> Any:
    api_id, route_id = properties["ApiId"], _route_id(properties)
    made = _call(apigateway._create_route_response, api_id, route_id, _fields(properties))
    return made["routeResponseId"], {"RouteResponseId": made["routeResponseId"]}


def _update(physical_id: str, _old: Properties, properties: Properties, *_rest: Any) -> Any:
    api_id, route_id = properties["ApiId"], _route_id(properties)
    fields = _fields(properties)
    _call(apigateway._update_route_response, api_id, route_id, physical_id, fields)
    return physical_id, {"RouteResponseId": physical_id}


def _delete(physical_id: str, properties: Properties) -> None:
    # The route, or the whole API, may be deleted already.
    apigateway._delete_route_response(properties["ApiId"], _route_id(properties), physical_id)


def _route_id(properties: Properties) -> str:
    # `Ref` of a route gives its API's id too.
    return str(properties["RouteId"]).rpartition("/")[2]


def _fields(properties: Properties) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: value for name, value in properties.items()}


def _call(operation: Any, *arguments: Any) -> dict[str, Any]:
    status, _, body = operation(*arguments)
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise ValueError(f"{_TYPE}: {answer.get('message')}")
    return answer
