// JSSE on either side.
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Peer {
    private static final char[] PASSWORD = "of the store in memory".toCharArray();

    public static void main(String[] arguments) throws Exception {
        String[] words = Arrays.copyOfRange(arguments, 1, arguments.length);
        if (arguments[0].equals("server")) {
            serve(words);
        } else {
            fetch(words[0], words[1]);
            visit(words[2]);
            // The clients' threads go on waiting.
            System.exit(0);
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

    /** With the root that is trusted, and the own certificate's file and its key's, or `-` for none. */
    private static SSLContext context(String root, String cert, String key) throws Exception {
        KeyStore roots = store();
        roots.setCertificateEntry("root", certificate(root));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        KeyManager[] own = null;
        if (!cert.equals("-")) {
            KeyStore store = store();
            store.setKeyEntry("own", key(key), PASSWORD, new Certificate[] {certificate(cert)});
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, PASSWORD);
            own = keys.getKeyManagers();
        }
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(own, trust.getTrustManagers(), null);
        return context;
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

    /** A site's page over HTTP/2 and HTTP/1.1, and without trust in its root. */
    private static void fetch(String root, String port) throws Exception {
        SSLContext context = context(root, "-", "-");
        URI page = URI.create("https://localhost:" + port + "/page.txt");
        for (HttpClient.Version version : HttpClient.Version.values()) {
            HttpClient client = HttpClient.newBuilder().sslContext(context).version(version).build();
            var answer = client.send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString());
            var session = answer.sslSession().get();
            System.out.println(answer.version() + " " + answer.statusCode() + " " + session.getProtocol());
            System.out.print(answer.body());
        }
        try {
            HttpClient.newHttpClient().send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString());
        } catch (SSLHandshakeException refused) {
            System.out.println("refused: " + refused.getMessage());
        }
    }

    /**
     * Visits whom the input names: a number for the answer, a port, the highest version, a group (always `-`), the files
     * of a certificate and its key (`-` for none), and how many connections.
     */
    private static void visit(String root) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String next = input.readLine(); next != null; next = input.readLine()) {
            String[] words = next.split(" ");
            SSLContext context = context(root, words[4], words[5]);
            List<String> saw = new ArrayList<>();
            for (int left = Integer.parseInt(words[6]); left > 0; left--) {
                try {
                    saw.add(connect(context, Integer.parseInt(words[1]), upTo(words[2])));
                } catch (IOException refused) {
                    saw.add("refused: " + refused.getMessage());
                }
            }
            System.out.println(words[0] + ": " + String.join(" ", saw));
        }
    }

    private static String connect(SSLContext context, int port, String[] versions) throws IOException {
        Socket tcp = new Socket(InetAddress.getByName("127.0.0.1"), port);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, "localhost", port, true)) {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setProtocols(versions);
            socket.setSSLParameters(parameters);
            long begun = System.currentTimeMillis();
            SSLSession session = socket.getSession();
            ask(socket, "hello");
            askForNewKeys(socket);
            ask(socket, "new keys");
            String asked = ask(socket, "asked").split(" ")[1];
            return session.getCipherSuite() + " " + (session.getCreationTime() < begun ? "reused" : "new") + " " + asked;
        }
    }

    private static String[] upTo(String version) {
        return version.equals("TLSv1.3") ? new String[] {"TLSv1.3", "TLSv1.2"} : new String[] {version};
    }

    /** New keys, and a wish that the other side shall have new ones too; in TLS 1.2 it would be another handshake. */
    private static void askForNewKeys(SSLSocket socket) throws IOException {
        if (socket.getSession().getProtocol().equals("TLSv1.3")) {
            socket.startHandshake();
        }
    }

    private static String ask(SSLSocket socket, String line) throws IOException {
        socket.getOutputStream().write((line + "\n").getBytes());
        String answer = line(socket.getInputStream());
        if (answer.isEmpty()) {
            throw new IOException("no answer to " + line);
        }
        return answer;
    }

    /** One port a certificate: the file of the root, then a name, the highest version, a certificate's file and its key's. */
    private static void serve(String[] words) throws Exception {
        for (int at = 1; at < words.length; at += 4) {
            SSLContext context = context(words[0], words[at + 2], words[at + 3]);
            var listener = (SSLServerSocket) context.getServerSocketFactory()
                    .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            listener.setEnabledProtocols(upTo(words[at + 1]));
            listener.setWantClientAuth(true);
            new Thread(() -> accept(listener)).start();
            System.out.println("port " + words[at] + " " + words[at + 1] + " " + listener.getLocalPort() + ".");
        }
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

    /** Answers requests with what it knows of their connection. */
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
                if (first.startsWith("GET /new-keys ")) {
                    askForNewKeys(socket);
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

    private static byte[] facts(SSLSession session) {
        String peer;
        try {
            peer = session.getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException none) {
            peer = "nobody";
        }
        // It does not tell whether a session goes on.
        String tls = session.getProtocol() + " " + session.getCipherSuite() + " unknown ";
        return ("HTTP/1.1 " + tls + peer + "\n").getBytes();
    }
}
