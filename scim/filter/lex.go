package filter

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"rosterd/scim"
)

// A token is one word, quoted text or bracket of a filter.
type token struct {
	kind byte   // 'w' word, 's' quoted text, '(' ')' '[' ']', 0 at the end
	text string // of a word as it stands, of quoted text without escapes
	at   int    // byte offset
}

// lex cuts text into tokens. A word ends at white space or a bracket.
func lex(text string) ([]token, *scim.Error) {
	var out []token
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
		case strings.IndexByte("()[]", c) >= 0:
			out = append(out, token{c, text[i : i+1], i})
			i++
		case c == '"':
			end := quoteEnd(text, i)
			value, err := jsontext.AppendUnquote(nil, text[i:end])
			if err != nil {
				return nil, invalid("the quoted value at byte %d is not closed or holds an invalid escape", i)
			}
			out = append(out, token{'s', string(value), i})
			i = end
		default:
			end := i
			for end < len(text) && strings.IndexByte(" \t()[]\"", text[end]) < 0 {
				end++
			}
			out = append(out, token{'w', text[i:end], i})
			i = end
		}
	}
	return append(out, token{at: len(text)}), nil
}

// quoteEnd returns the offset behind the quoted text that begins at i.
func quoteEnd(text string, i int) int {
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(text)
}

func invalid(format string, args ...any) *scim.Error {
	return scim.Errorf(400, scim.InvalidFilter, format, args...)
}
