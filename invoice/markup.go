package invoice

import (
	"bytes"
	"encoding/xml"
	"strings"

	"rosterd/ledger"
)

// markup writes indented XML with prefixed names. encoding/xml would want a
// type per element for what is written here in the order of the schema.
type markup struct {
	bytes.Buffer
	depth int
}

// element writes an element around what body writes, or nothing if that is
// nothing: an element may not be empty (PEPPOL-EN16931-R008).
func (m *markup) element(name string, body func()) {
	start := m.Len()
	m.line("<" + name + ">")
	inside := m.Len()
	m.depth++
	body()
	m.depth--
	if m.Len() == inside {
		m.Truncate(start)
		return
	}
	m.line("</" + name + ">")
}

// leaf writes an element with a text and attributes, which are names and
// values in turn, or nothing if the text is blank.
func (m *markup) leaf(name, text string, attributes ...string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	m.indent()
	m.WriteString("<" + name)
	for i := 0; i < len(attributes); i += 2 {
		m.WriteString(" " + attributes[i] + `="` + attributes[i+1] + `"`)
	}
	m.WriteByte('>')
	_ = xml.EscapeText(m, []byte(text)) // a Buffer takes everything
	m.WriteString("</" + name + ">\n")
}

// date writes an element that holds a day (format 102 of UNCL 2379).
func (m *markup) date(name string, d ledger.Date) {
	m.element(name, func() { m.day("udt:DateTimeString", d) })
}

func (m *markup) day(name string, d ledger.Date) {
	m.leaf(name, strings.ReplaceAll(d.String(), "-", ""), "format", "102")
}

func (m *markup) line(s string) {
	m.indent()
	m.WriteString(s + "\n")
}

func (m *markup) indent() { m.WriteString(strings.Repeat("  ", m.depth)) }
