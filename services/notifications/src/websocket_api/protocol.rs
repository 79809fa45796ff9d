/// The WebSocket subprotocol of the product. A client offers it, followed by its access token.
pub(crate) const PROTOCOL: &str = "busline.v1";
