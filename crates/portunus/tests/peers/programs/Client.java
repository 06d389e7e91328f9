// JSSE as a client: HTTP/2 and HTTP/1.1, and an authority that it does not know.
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;

public class Client {
    public static void main(String[] arguments) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, trust.getTrustManagers(), null);
        URI page = URI.create("https://localhost:" + arguments[1] + "/page.txt");
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
        // The clients' threads go on waiting.
        System.exit(0);
    }
}
