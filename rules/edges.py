"""What the rules of edges.yaml must find in Python, and what they must leave."""

# ruleid: clock-is-handed-in
import time

# ruleid: clock-is-handed-in
from time import monotonic

# ruleid: clock-is-handed-in
from twisted.internet import reactor

# ok: clock-is-handed-in
from twisted.internet import task


def verifying(ssl, SSL, context, connect, ca):
    # ruleid: tls-verifies
    context.verify_mode = ssl.CERT_NONE
    # ruleid: tls-verifies
    context.verify_mode = ssl.CERT_OPTIONAL
    # ruleid: tls-verifies
    context.check_hostname = False
    # ruleid: tls-verifies
    ssl._create_unverified_context()
    # ruleid: tls-verifies
    context.set_verify(SSL.VERIFY_NONE, print)
    # ruleid: tls-verifies
    connect(ca=ca, verify=False)
    # ruleid: tls-verifies
    connect(ca=ca, ssl_verify_cert=False)
    # ruleid: tls-verifies
    connect(ssl={"ca": ca, "check_hostname": False})
    # ok: tls-verifies
    context.check_hostname = True
    # ok: tls-verifies
    connect(ssl=ssl.create_default_context(cafile=ca))


def reading(datetime, clock):
    # ruleid: clock-is-handed-in
    datetime.now(UTC)
    # ok: clock-is-handed-in
    clock.seconds()
    # ruleid: wall-clock-only-dates
    began_s = time.time()
    # ruleid: wall-clock-only-dates
    took_s = time.time() - began_s
    # ok: wall-clock-only-dates
    took_s = time.monotonic() - began_s
    # ok: wall-clock-only-dates
    return int(time.time() * 1_000)


async def keeping(self, work, clock, broke):
    # ruleid: deferred-is-kept
    Deferred.fromCoroutine(work())
    # ruleid: deferred-is-kept
    ensureDeferred(work())
    # ruleid: deferred-is-kept
    deferLater(clock, 1, work).addCallback(print)
    # ruleid: deferred-is-kept
    deferToThread(work)
    # ruleid: deferred-is-kept
    gatherResults([work()])
    # ok: deferred-is-kept
    await deferLater(clock, 1)
    # ok: deferred-is-kept
    Deferred.fromCoroutine(work()).addErrback(broke)
    # ok: deferred-is-kept
    deferToThread(work).addCallback(print).addErrback(broke)
    # ok: deferred-is-kept
    self._work = Deferred.fromCoroutine(work())
    # ok: deferred-is-kept
    self._all.append(ensureDeferred(work()))
    # ok: deferred-is-kept
    return DeferredList([work()])


def asked(request):
    # ruleid: headers-are-bytes
    request.requestHeaders.getRawHeaders("X-Forwarded-For")
    # ruleid: headers-are-bytes
    request.requestHeaders.getRawHeaders("Accept", [])
    # ok: headers-are-bytes
    request.requestHeaders.getRawHeaders(b"Accept")
    # ok: headers-are-bytes
    return request.responseHeaders.getRawHeaders("Vary")
