package scim

// A scan goes through the attributes of a record in their order, each of which
// is taken apart once. Where bytes are no record, it ends.
type scan struct {
	num        uint64
	tag        int
	body, rest string
	more       bool // the above is an attribute
}

func newScan(b string) scan {
	s := scan{rest: b}
	s.step()
	return s
}

// step goes to the next attribute, if there is one. It is split without an
// error, and inlined as far as most attributes need it: an answer takes a
// hundred steps.
func (s *scan) step() bool {
	b := s.rest
	head, n := uvarint(b)
	if n <= 0 {
		s.more = false
		return false
	}
	s.num, s.tag, b = head>>3, int(head&7), b[n:]
	switch s.tag {
	case tagFalse, tagTrue:
		s.body, s.rest, s.more = "", b, true
	case tagInt, tagConst:
		if _, n = uvarint(b); n > 0 {
			s.body, s.rest, s.more = b[:n], b[n:], true
		} else {
			s.more = false
		}
	default:
		size, n := uvarint(b)
		if end := uint64(n) + size; n > 0 && size <= uint64(len(b)) && end <= uint64(len(b)) {
			s.body, s.rest, s.more = b[n:end], b[end:], true
		} else {
			s.more = false
		}
	}
	return s.more
}

// reaches goes to the attribute num, or beyond where it is absent, and reports
// whether it is there.
func (s *scan) reaches(num uint16) bool {
	for s.more && s.num < uint64(num) {
		s.step()
	}
	return s.more && s.num == uint64(num)
}
