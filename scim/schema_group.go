package scim

// groupSchema is the core Group of RFC 7643 section 4.2.
var groupSchema = &Schema{
	URN: URNGroup, Name: "Group", Description: "A role or a team of the workspace.",
	Attributes: []*Attribute{
		text(10, "displayName", "The group's name, unique in the workspace in any letter case.", required, unique),
		complexAttr(11, "members", "The people whom this connection put into the group.", []*Attribute{
			text(1, "value", "The person's id.", exact, immutable),
			text(2, "$ref", "The person's URL.", refers("User"), immutable),
			text(3, "display", "The person's displayName.", readOnly),
			text(4, "type", "Always User: groups do not nest.", canonical("User"), immutable),
		}, multi, derived),
	},
}

// rosterdGroupSchema is our extension of the Group (product.md section 3).
var rosterdGroupSchema = &Schema{
	URN: URNRosterdGrp, Name: "RosterdGroup", Description: "What a group is to the workspace.",
	Attributes: []*Attribute{
		text(1, "kind", "role or team, chosen when the group is created.", immutable, derived, canonical("role", "team"), closed),
	},
}

// Group is the resource type of roles and teams.
var Group = newGroup()

func newGroup() *ResourceType {
	schemas, id, externalID, meta := common()
	rt := &ResourceType{
		Name: "Group", Plural: "Groups", Endpoint: "/Groups", Description: "Roles and teams.",
		Core: groupSchema, Extensions: []*Schema{rosterdGroupSchema},
		Attributes: []*Attribute{schemas, id, externalID},
	}
	rt.Attributes = append(append(rt.Attributes, groupSchema.Attributes...), meta, extension(numRosterd, rosterdGroupSchema))
	return rt.finish()
}

// Attributes of the Group that have a meaning to the workspace.
var (
	GroupSchemas     = pick(Group.Attributes, "schemas")
	GroupID          = pick(Group.Attributes, "id")
	GroupExternalID  = pick(Group.Attributes, "externalId")
	GroupMeta        = pick(Group.Attributes, "meta")
	GroupDisplayName = pick(Group.Attributes, "displayName")
	GroupMembers     = pick(Group.Attributes, "members")
	GroupExt         = pick(Group.Attributes, URNRosterdGrp) // the extension as a whole
	GroupKind        = pick(rosterdGroupSchema.Attributes, "kind")
)
