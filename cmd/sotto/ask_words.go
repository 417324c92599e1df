package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// plain is what is heard of SSML, as text: a paragraph is a line, and what is said in place of other words is said.
func plain(ssml string) string {
	decoder := xml.NewDecoder(strings.NewReader(ssml))
	var b strings.Builder
	hidden := 0 // depth within an element whose alias was written already
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return ssml // not well-formed: shown as it is, for whoever looks for the reason
		}
		switch t := token.(type) {
		case xml.StartElement:
			if hidden > 0 {
				hidden++
				continue
			}
			if t.Name.Local == "sub" {
				for _, a := range t.Attr {
					if a.Name.Local == "alias" {
						b.WriteString(a.Value)
						hidden = 1
					}
				}
			}
		case xml.EndElement:
			if hidden > 0 {
				hidden--
				continue
			}
			switch t.Name.Local {
			case "p":
				b.WriteByte('\n')
			case "s", "break":
				b.WriteByte(' ')
			}
		case xml.CharData:
			if hidden == 0 {
				b.Write(t)
			}
		}
	}
	var lines []string
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
