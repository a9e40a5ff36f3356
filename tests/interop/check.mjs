// Reads one SD-JWT credential from stdin as `{"credential", "jwk"}`, and prints what it says once its signature holds.
import { createHash, createPublicKey, verify } from "node:crypto";
import { SDJwtInstance } from "@sd-jwt/core";

let given = "";
for await (const piece of process.stdin) given += piece;
const { credential, jwk } = JSON.parse(given);
const key = createPublicKey({ key: jwk, format: "jwk" });
const instance = new SDJwtInstance({
  hasher: (data, name) => new Uint8Array(createHash(name.replace("-", "")).update(data).digest()),
  hashAlg: "sha-256",
  verifier: (data, signature) => verify(null, Buffer.from(data), key, Buffer.from(signature, "base64url")),
});
const { payload } = await instance.verify(credential);
process.stdout.write(JSON.stringify(payload));
