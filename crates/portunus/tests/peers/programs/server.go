// Go as a server: HTTP/2 and HTTP/1.1, one port a certificate. Answers requests with what it knows of their connections.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		io.Copy(w, r.Body)
		return
	}
	session, peer := "new", "nobody"
	if r.TLS.DidResume {
		session = "reused"
	}
	if len(r.TLS.PeerCertificates) > 0 {
		peer = r.TLS.PeerCertificates[0].Subject.String()
	}
	suite := tls.CipherSuiteName(r.TLS.CipherSuite)
	fmt.Fprintf(w, "%s TLSv1.3 %s %s %s\n", r.Proto, suite, session, peer)
}

// The file of the root, then a name, a certificate's file and its key's for each port.
func main() {
	root, err := os.ReadFile(os.Args[1])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	for words := os.Args[2:]; len(words) > 0; words = words[3:] {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		server := http.Server{
			TLSConfig: &tls.Config{
				MinVersion: tls.VersionTLS13,
				ClientAuth: tls.VerifyClientCertIfGiven,
				ClientCAs:  roots,
			},
			Handler: http.HandlerFunc(answer),
		}
		cert, key := words[1], words[2]
		go func() { check(server.ServeTLS(listener, cert, key)) }()
		fmt.Printf("port %s %d.\n", words[0], listener.Addr().(*net.TCPAddr).Port)
	}
	select {}
}
