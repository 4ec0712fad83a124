// MQTT.js at its defaults: publish one message, wait for the acknowledgement of its end.
import mqtt from "mqtt";

const { URL_, TOPIC, BODY, ACK } = process.env;
const client = await mqtt.connectAsync(URL_);
const acknowledged = new Promise((resolve) => client.on("message", (topic, body) => resolve(body)));
await client.subscribeAsync(ACK, { qos: 1 });
await client.publishAsync(TOPIC, BODY, { qos: 1 });
console.log((await acknowledged).toString());
await client.endAsync();
