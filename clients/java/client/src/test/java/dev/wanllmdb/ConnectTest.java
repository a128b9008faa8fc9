package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ConnectTest {
    private static Client client(String address, Tls tls) {
        return Client.builder()
                .environment(name -> null)
                .registry(address)
                .suggestion(address)
                .tls(tls)
                .build();
    }

    @Test
    void verifiesServicesWithTls(@TempDir Path folder) throws Exception {
        Certificate certificate = Certificate.in(folder);
        try (FakeServices services = FakeServices.with(certificate, ClientAuth.NONE)) {
            Tls trusting = Tls.DEFAULT.withCa(certificate.file());
            try (Client client = client(services.address(), trusting)) {
                assertEquals(
                        FakeServices.SWEEP_ID,
                        client.sweep(FakeServices.SWEEP_ID).getSweepId());
            }
            try (Client client = client(services.address(), Tls.DEFAULT)) {
                assertUnavailable(client);
            }
            Tls misnamed = trusting.withServerName("registry.example");
            try (Client client = client(services.address(), misnamed)) {
                assertUnavailable(client);
            }
        }
    }

    @Test
    void identifiesItselfWithTls(@TempDir Path folder) throws Exception {
        Certificate certificate = Certificate.in(folder);
        try (FakeServices services = FakeServices.with(certificate, ClientAuth.REQUIRE)) {
            Tls trusting = Tls.DEFAULT.withCa(certificate.file());
            Tls known = trusting.withCertificate(certificate.file(), certificate.key());
            try (Client client = client(services.address(), known)) {
                client.sweep(FakeServices.SWEEP_ID);
            }
            try (Client client = client(services.address(), trusting)) {
                assertUnavailable(client);
            }
            assertEquals(1, services.sweepsRead());
        }
    }

    private static void assertUnavailable(Client client) {
        ServiceException e =
                assertThrows(ServiceException.class, () -> client.sweep(FakeServices.SWEEP_ID));
        assertEquals(Status.Code.UNAVAILABLE, e.code());
    }

    @Test
    void saysWhereNoServiceAnswers() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        try (Client client =
                Client.builder()
                        .environment(name -> null)
                        .registry("localhost:" + port)
                        .build()) {
            ServiceException e =
                    assertThrows(
                            ServiceException.class, () -> client.sweep(FakeServices.SWEEP_ID));
            assertEquals(Reason.NONE, e.reason());
            assertTrue(e.mayPass());
            assertTrue(e.getMessage().contains("localhost:" + port), e.getMessage());
            assertTrue(e.getMessage().contains("WANLLMDB_REGISTRY"), e.getMessage());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void connectsThroughASocketOfTheFileSystem(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("registry");
        EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (FakeServices services = FakeServices.at(socket, group);
                Client client =
                        Client.builder()
                                .environment(name -> null)
                                .registry("unix:" + socket)
                                .apiKey("wsk_abc1_secret")
                                .build()) {
            client.sweep(FakeServices.SWEEP_ID);
            assertEquals(1, services.sweepsRead());
        } finally {
            group.shutdownGracefully();
        }
    }

    @Test
    void spreadsCallsOverReplicas() throws Exception {
        try (FakeServices one = FakeServices.of(1);
                FakeServices other = FakeServices.of(1);
                Client client =
                        Client.builder()
                                .environment(name -> null)
                                .registry(one.address() + ", " + other.address())
                                .build()) {
            for (int i = 0; i < 20; i++) {
                client.sweep(FakeServices.SWEEP_ID);
            }
            one.stop();
            client.sweep(FakeServices.SWEEP_ID);
            assertTrue(other.sweepsRead() > 1, "reads " + other.sweepsRead());
        }
    }

    @Test
    void endsACallWhoseThreadIsInterrupted() throws Exception {
        try (FakeServices services = FakeServices.of(1);
                Client client = services.client()) {
            Thread.currentThread().interrupt();
            assertThrows(
                    CancellationException.class, () -> client.sweep(FakeServices.SWEEP_ID));
            assertTrue(Thread.interrupted());
            client.sweep(FakeServices.SWEEP_ID);
        }
    }

    @Test
    void makesNoCallsAfterItWasClosed() throws Exception {
        try (FakeServices services = FakeServices.of(1)) {
            Client client = services.client();
            client.close();
            assertThrows(
                    IllegalStateException.class, () -> client.sweep(FakeServices.SWEEP_ID));
        }
    }

    @Test
    void namesASchemeThatGrpcDoesNotKnow() {
        ClientBuilder builder =
                Client.builder().environment(name -> null).registry("vsock:1:2");
        InvalidException e = assertThrows(InvalidException.class, builder::build);
        assertEquals("WANLLMDB_REGISTRY", e.what());
    }

    @Test
    void doesNotShowKeys() {
        String key = "wsk_abc1_" + "s".repeat(43);
        try (Client client =
                Client.builder().environment(name -> null).apiKey(key).build()) {
            assertEquals(key, client.settings().apiKey().orElseThrow().text());
            assertTrue(!client.settings().toString().contains("sss"));
        }
    }
}
