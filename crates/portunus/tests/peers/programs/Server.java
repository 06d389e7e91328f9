// JSSE as a server: one port a certificate, each with its name. Answers requests with what it knows of their connections.
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Server {
    private static final char[] PASSWORD = "of the store in memory".toCharArray();

    /** The file of the root, then a name, a certificate's file and its key's for each port. */
    public static void main(String[] arguments) throws Exception {
        KeyStore roots = store();
        roots.setCertificateEntry("root", certificate(arguments[0]));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        for (int at = 1; at < arguments.length; at += 3) {
            KeyStore own = store();
            Certificate[] chain = {certificate(arguments[at + 1])};
            own.setKeyEntry("own", key(arguments[at + 2]), PASSWORD, chain);
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, PASSWORD);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            var listener = (SSLServerSocket) context.getServerSocketFactory()
                    .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            listener.setEnabledProtocols(new String[] {"TLSv1.3"});
            listener.setWantClientAuth(true);
            new Thread(() -> accept(listener)).start();
            System.out.println("port " + arguments[at] + " " + listener.getLocalPort() + ".");
        }
    }

    private static KeyStore store() throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        return store;
    }

    private static Certificate certificate(String name) throws Exception {
        try (FileInputStream file = new FileInputStream(name)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
    }

    private static PrivateKey key(String name) throws Exception {
        String text = Files.readString(Path.of(name)).replaceAll("-----[A-Z ]*-----", "");
        var contents = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text));
        for (String algorithm : List.of("EC", "Ed25519", "RSA")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(contents);
            } catch (GeneralSecurityException another) {
                // It is of another kind.
            }
        }
        throw new IOException("a key of no known kind: " + name);
    }

    private static void accept(SSLServerSocket listener) {
        while (true) {
            try {
                SSLSocket socket = (SSLSocket) listener.accept();
                new Thread(() -> answer(socket)).start();
            } catch (IOException gone) {
                return;
            }
        }
    }

    private static void answer(SSLSocket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            boolean goesOn = true;
            while (goesOn) {
                int length = 0;
                String first = line(in);
                if (first.isEmpty()) {
                    return;
                }
                for (String field = line(in); !field.isEmpty(); field = line(in)) {
                    String lower = field.toLowerCase(Locale.ROOT);
                    if (lower.startsWith("content-length: ")) {
                        length = Integer.parseInt(field.substring("content-length: ".length()));
                    }
                    goesOn &= !lower.equals("connection: close");
                }
                byte[] body = first.startsWith("POST ") ? in.readNBytes(length) : facts(socket.getSession());
                String head = "HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes());
                socket.getOutputStream().write(body);
            }
        } catch (IOException refused) {
            System.out.println("refused: " + refused.getMessage());
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != -1 && next != '\n'; next = in.read()) {
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    private static byte[] facts(SSLSession session) {
        String peer;
        try {
            peer = session.getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException none) {
            peer = "nobody";
        }
        return (session.getProtocol() + " " + session.getCipherSuite() + " " + peer + "\n").getBytes();
    }
}
