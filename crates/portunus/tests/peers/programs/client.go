// Go as a client: HTTP/2 and HTTP/1.1 with X25519MLKEM768 alone, and resumption.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	root, err := os.ReadFile(os.Args[1])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	config := &tls.Config{
		RootCAs:            roots,
		MinVersion:         tls.VersionTLS13,
		CurvePreferences:   []tls.CurveID{tls.X25519MLKEM768},
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	for _, http2 := range []bool{true, false, false} {
		transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: http2, DisableKeepAlives: !http2}
		client := http.Client{Transport: transport}
		answer, err := client.Get("https://localhost:" + os.Args[2] + "/.portunus/connection?format=json")
		check(err)
		_, err = io.Copy(os.Stdout, answer.Body)
		check(err)
		fmt.Println(answer.Proto, answer.StatusCode, answer.TLS.CurveID, "resumed", answer.TLS.DidResume)
		client.CloseIdleConnections()
	}
	_, err = http.Get("https://localhost:" + os.Args[2] + "/")
	fmt.Println("refused:", err)
}
