// Go as a client: HTTP/2 and HTTP/1.1 with X25519MLKEM768 alone, resumption, and then whom its input names.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

var versions = map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

var groups = map[string]tls.CurveID{
	"secp256r1":          tls.CurveP256,
	"secp384r1":          tls.CurveP384,
	"secp521r1":          tls.CurveP521,
	"SecP256r1MLKEM768":  tls.SecP256r1MLKEM768,
	"SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func trusting(file string) *tls.Config {
	root, err := os.ReadFile(file)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	return &tls.Config{
		RootCAs:            roots,
		MinVersion:         tls.VersionTLS12,
		ServerName:         "localhost",
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
}

func fetch(root, port string) {
	config := trusting(root)
	config.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
	for _, http2 := range []bool{true, false, false} {
		transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: http2, DisableKeepAlives: !http2}
		client := http.Client{Transport: transport}
		answer, err := client.Get("https://localhost:" + port + "/.portunus/connection?format=json")
		check(err)
		_, err = io.Copy(os.Stdout, answer.Body)
		check(err)
		fmt.Println(answer.Proto, answer.StatusCode, answer.TLS.CurveID, "resumed", answer.TLS.DidResume)
		client.CloseIdleConnections()
	}
	_, err := http.Get("https://localhost:" + port + "/")
	fmt.Println("refused:", err)
}

// One connection: what it saw.
func visit(config *tls.Config, port string) (string, error) {
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	lines := bufio.NewReader(connection)
	answer := ""
	for _, line := range []string{"hello", "new keys", "asked"} {
		if _, err = fmt.Fprintln(connection, line); err != nil {
			return "", err
		}
		if answer, err = lines.ReadString('\n'); err != nil {
			return "", err
		}
	}
	state, session := connection.ConnectionState(), "new"
	if state.DidResume {
		session = "reused"
	}
	return tls.CipherSuiteName(state.CipherSuite) + " " + session + " " + strings.Fields(answer)[1], nil
}

// The file of a site's root and its port, then the file of the root of those that are visited. A line of the input is a
// number for the answer, a port, the highest version, a group, the files of a certificate and its key (`-` for none of
// these), and how many connections.
func main() {
	fetch(os.Args[1], os.Args[2])
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		words := strings.Fields(input.Text())
		config := trusting(os.Args[3])
		config.MaxVersion = versions[words[2]]
		if words[3] != "-" {
			config.CurvePreferences = []tls.CurveID{groups[words[3]]}
		}
		if words[4] != "-" {
			pair, err := tls.LoadX509KeyPair(words[4], words[5])
			check(err)
			config.Certificates = []tls.Certificate{pair}
		}
		times, err := strconv.Atoi(words[6])
		check(err)
		var saw []string
		for ; times > 0; times-- {
			one, err := visit(config, words[1])
			if err != nil {
				one = "refused: " + err.Error()
			}
			saw = append(saw, one)
		}
		fmt.Println(words[0] + ": " + strings.Join(saw, " "))
	}
}
