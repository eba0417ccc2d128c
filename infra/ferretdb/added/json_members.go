// Package sjson: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package sjson

import "bytes"

// JSON objects as PostgreSQL writes them, taken apart without being understood.

// plainText is what is in a JSON string without escapes.
func plainText(data []byte) ([]byte, bool) {
	l := len(data)
	if l < 2 || data[0] != '"' || data[l-1] != '"' || bytes.IndexByte(data, '\\') >= 0 {
		return nil, false
	}

	return data[1 : l-1], true
}

// member is a key of a JSON object and the text of its value.
type member struct {
	key, value []byte
}

// split finds the members of a JSON object as PostgreSQL writes it: valid, and with UTF-8 as it is.
func split(data []byte, members []member) ([]member, bool) {
	at, end := 0, len(data)

	skip := func() byte {
		for at < end && (data[at] == ' ' || data[at] == '\n' || data[at] == '\t' || data[at] == '\r') {
			at++
		}

		if at == end {
			return 0
		}

		return data[at]
	}

	if skip() != '{' {
		return nil, false
	}
	at++

	if skip() == '}' {
		return members, at+1 == end
	}

	for {
		if skip() != '"' {
			return nil, false
		}

		from := at
		if at = afterValue(data, at); at < 0 {
			return nil, false
		}

		key, ok := plainText(data[from:at])
		if !ok || skip() != ':' {
			return nil, false
		}
		at++

		skip()

		from = at
		if at = afterValue(data, at); at < 0 {
			return nil, false
		}

		members = append(members, member{key, data[from:at]})

		switch skip() {
		case ',':
			at++
		case '}':
			return members, at+1 == end
		default:
			return nil, false
		}
	}
}

// afterValue is where the value ends that begins at a place; -1: it does not end.
func afterValue(data []byte, at int) int {
	depth := 0

	for at < len(data) {
		switch data[at] {
		case '"':
			for at++; at < len(data) && data[at] != '"'; at++ {
				if data[at] == '\\' {
					at++
				}
			}

			at++
		case '{', '[':
			depth++
			at++

			continue
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\n', '\t', '\r':
			at++

			continue
		default:
			for at < len(data) && !endsWord(data[at]) {
				at++
			}
		}

		if depth < 0 || at > len(data) {
			return -1
		}

		if depth == 0 {
			return at
		}
	}

	return -1
}

func endsWord(b byte) bool {
	switch b {
	case ',', ':', ' ', '\n', '\t', '\r', '}', ']':
		return true
	default:
		return false
	}
}
