package filter

import "rosterd/scim"

// ParseSort reads sortBy (RFC 7644 section 3.4.2.3) for resources of each of
// types: an attribute with simple values, or a complex one that stands for its
// value. The Ref of a type that does not have it is zero. Anything else is 400
// invalidValue.
func ParseSort(types []*scim.ResourceType, text string, d *scim.Dialect) ([]scim.Ref, *scim.Error) {
	out := make([]scim.Ref, len(types))
	known := false
	for i, rt := range types {
		ref, ok := resolve(rt, text, d)
		if !ok {
			continue
		}
		path := ref.String()
		if ref.Attr.Returned == scim.ReturnedNever {
			return nil, scim.Errorf(400, scim.InvalidValue, "sortBy: %s is a secret that is not stored", path)
		}
		ref, leaf := simple(ref)
		if leaf.Type == scim.TypeComplex {
			return nil, scim.Errorf(400, scim.InvalidValue, "sortBy: %s has parts; sort by one of them, such as %s.%s", path, path, leaf.Sub[0].Name)
		}
		out[i], known = ref, true
	}
	if !known {
		return nil, scim.Errorf(400, scim.InvalidValue, "sortBy: there is no attribute %q in the schemas of %s", clip(text), typeNames(nil, types))
	}
	return out, nil
}

// typeNames lists types, or else names rt.
func typeNames(rt *scim.ResourceType, types []*scim.ResourceType) string {
	if len(types) == 0 {
		return rt.Name
	}
	text := types[0].Name
	for _, t := range types[1:] {
		text += " or " + t.Name
	}
	return text
}
