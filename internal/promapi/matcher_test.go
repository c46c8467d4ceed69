package promapi

import "testing"

func TestSelector(t *testing.T) {
	for _, c := range []struct {
		want string
		s    Selector
	}{
		{`{}`, nil},
		{`{__name__="up"}`, Selector{{MatchEqual, "__name__", "up"}}},
		{`{a="1",b!="2",c=~"3|4",d!~"5"}`, Selector{{MatchEqual, "a", "1"}, {MatchNotEqual, "b", "2"}, {MatchRegexp, "c", "3|4"}, {MatchNotRegexp, "d", "5"}}},
		{`{pod=~"a\\.b",x="\"\n\\"}`, Selector{{MatchRegexp, "pod", `a\.b`}, {MatchEqual, "x", "\"\n\\"}}},
		{`{"app.kubernetes.io/name"="x","ä"="ö","1a"="","a:b"="",""=""}`, Selector{
			{MatchEqual, "app.kubernetes.io/name", "x"}, {MatchEqual, "ä", "ö"}, {MatchEqual, "1a", ""}, {MatchEqual, "a:b", ""}, {MatchEqual, "", ""},
		}},
	} {
		if got := c.s.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
