/**
 * A key that is no secret, and a certificate that it has signed for the name `media.test`, until 2036, made by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=media.test -addext subjectAltName=DNS:media.test`.
 */
export const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2/khcjq8KuBS/e26
pGIP4HQluRt2Dl/ouogKxgFti1qhRANCAAQC9IapSTR5LgAN+g9dG8js8tLUV6dp
KlOALU8tLAuR2u7VGqgd4OG2R7le79mxFlMah1BmsSLhyNmeskXxTtRZ
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlzCCATygAwIBAgIUEFDK/We4v9j+3YsPBHi8Bj4sR0AwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKbWVkaWEudGVzdDAeFw0yNjExMjExOTExMTlaFw0zNjExMTgx
OTExMTlaMBUxEzARBgNVBAMMCm1lZGlhLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQC9IapSTR5LgAN+g9dG8js8tLUV6dpKlOALU8tLAuR2u7VGqgd4OG2
R7le79mxFlMah1BmsSLhyNmeskXxTtRZo2owaDAdBgNVHQ4EFgQUHm0jCqb5KGNp
pXrFzOSuuNlEFDQwHwYDVR0jBBgwFoAUHm0jCqb5KGNppXrFzOSuuNlEFDQwDwYD
VR0TAQH/BAUwAwEB/zAVBgNVHREEDjAMggptZWRpYS50ZXN0MAoGCCqGSM49BAMC
A0kAMEYCIQDhvLwj/KltHvAtomVkG3afCrtc5ELy78EJwk7ydW71dQIhALD5dhXs
G9IDqJaGmHQ51nV3ovLxFL8ciVkbKvUgt2Gp
-----END CERTIFICATE-----
`,
};
