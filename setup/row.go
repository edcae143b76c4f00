package setup

import "rosterd/scim"

// A Row is one mapping of a preset: what the identity provider has, and where
// it sends it.
type Row struct {
	Source    string // the provider's expression or attribute
	Target    string // as the provider writes the attribute of SCIM
	Match     int    // rank among the attributes that find people; 0: finds nobody
	Variable  string // Okta's name for it in between
	Namespace string // Okta's name for the schema of Target
}

func newRow(source, target string, match int) Row {
	return Row{Source: source, Target: target, Match: match}
}

// rows reads the mapping of people out of a preset.
func rows(p Provider, preset scim.Object) []Row {
	provisioning := preset.Get("provisioning").Obj()
	var out []Row
	switch p.ID {
	case "entra":
		return entraRows(preset, 0)
	case "okta":
		schema := provisioning.Get("appUserSchema").Obj().Get("definitions").Obj().Get("custom").Obj().Get("properties").Obj()
		for _, m := range provisioning.Get("profileMapping").Obj().Get("properties").Obj() {
			to := schema.Get(m.Name).Obj()
			out = append(out, Row{
				Source: m.Value.Obj().Get("expression").Str(), Variable: m.Name,
				Target: to.Get("externalName").Str(), Namespace: to.Get("externalNamespace").Str(),
			})
		}
	case "onelogin":
		for _, m := range provisioning.Get("parameters").Obj() {
			if from := m.Value.Obj().Get("user_attribute_mappings").Str(); from != "none" {
				out = append(out, Row{Source: from, Target: m.Value.Obj().Get("label").Str()})
			}
		}
	}
	return out
}

// groupRows reads the mapping of groups; only Entra ID has one.
func groupRows(preset scim.Object) []Row { return entraRows(preset, 1) }

func entraRows(preset scim.Object, object int) []Row {
	rules := preset.Get("provisioning").Obj().Get("synchronizationSchema").Obj().Get("synchronizationRules").List()
	var out []Row
	for _, rule := range rules {
		for _, m := range rule.Obj().Get("objectMappings").List()[object].Obj().Get("attributeMappings").List() {
			out = append(out, newRow(m.Obj().Get("source").Obj().Get("expression").Str(), m.Obj().Get("targetAttributeName").Str(),
				int(m.Obj().Get("matchingPriority").Int())))
		}
	}
	return out
}
