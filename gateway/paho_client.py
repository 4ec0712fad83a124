"""paho's client with a few private methods replaced, as our session needs.

They are private, so check this file when paho changes; every test with a broker uses it.
"""

import logging
from collections.abc import Callable, Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from gateway.publish_packet import Malformed, Publish, qos_0, read

log = logging.getLogger("gateway.session")


class PahoClient(mqtt.Client):
    """paho, except that we read PUBLISH packets and send many acknowledgements at a time.

    on_publish : may raise `Malformed`.
    handed : frames that `Session` read from the socket and paho reads next; None = paho reads the
    socket itself. drained : paho has read all available bytes.
    """

    def __init__(
        self, client_id: str, on_publish: Callable[[Publish], None], v5: bool, websockets: bool
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if v5 else False,
            protocol=mqtt.MQTTv5 if v5 else mqtt.MQTTv311,
            transport="websockets" if websockets else "tcp",
            manual_ack=True,
        )
        self._v5 = v5
        self._on_publish_packet = on_publish
        self.handed: bytearray | None = None
        self.drained = False

    def _sock_recv(self, bufsize: int) -> bytes:
        if self.handed is None:
            self.drained = False
            try:
                return bytes(super()._sock_recv(bufsize))
            except BlockingIOError:
                # TLS, and a websocket after a ping, may hold bytes that make no socket readable.
                self.drained = not getattr(self.socket(), "pending", int)()
                raise
        if not self.handed:
            raise BlockingIOError
        data = bytes(self.handed[:bufsize])
        del self.handed[:bufsize]
        return data

    def alive(self, paused: bool) -> MQTTErrorCode:
        """Run paho's keep-alive. paused : reading is paused, so a PINGRESP may be unread."""
        if paused:
            self._ping_t = 0.0
        return self.loop_misc()

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Send PUBACK for these packet ids, in order and in one write.

        paho sends the entries of its queue unchanged, so one entry may have many packets.
        """
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        self._packet_queue(mqtt.PUBACK, packets, mids[-1], 1)

    def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send PUBLISH packets with QoS 0 and no properties, all in one write, in the same way.

        They are not queued as PUBLISH, because paho would then run a callback for each.
        """
        packets = b"".join(qos_0(topic, body, v5=self._v5) for topic, body in messages)
        self._packet_queue(mqtt.PUBACK, packets, 0, 0)

    def _handle_publish(self) -> MQTTErrorCode:
        packet = self._in_packet
        try:
            self._on_publish_packet(read(packet["command"], bytes(packet["packet"]), v5=self._v5))
        except Malformed as error:
            log.error("the broker sent a malformed PUBLISH: %s", error)
            return mqtt.MQTT_ERR_PROTOCOL
        return mqtt.MQTT_ERR_SUCCESS

    def give_up(self) -> None:
        """End this connection, because nothing after a malformed frame can be read."""
        self._loop_rc_handle(mqtt.MQTT_ERR_PROTOCOL)
