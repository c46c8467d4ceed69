package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const mit = `Copyright (c) 2026 The Authors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

const agpl = `This program is free software: you can redistribute it and/or modify
it under the terms of the GNU Affero General Public License as published
by the Free Software Foundation, either version 3 of the License, or
(at your option) any later version.

This program is distributed in the hope that it will be useful,
but WITHOUT ANY WARRANTY; without even the implied warranty of
MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
GNU Affero General Public License for more details.

You should have received a copy of the GNU Affero General Public License
along with this program.  If not, see <https://www.gnu.org/licenses/>.
`

func TestLicenses(t *testing.T) {
	apache, err := os.ReadFile("../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
		says  string
	}{
		{"one", map[string]string{"LICENSE": string(apache), "README.md": agpl}, []string{"Apache-2.0"}, ""},
		{"two in two files", map[string]string{"LICENSE.txt": mit, "licence-apache": string(apache)}, []string{"Apache-2.0", "MIT"}, ""},
		{"two in one file", map[string]string{"COPYING": mit + string(apache)}, []string{"Apache-2.0", "MIT"}, ""},
		{"twice the same", map[string]string{"LICENSE": mit, "LICENSE.md": mit}, []string{"MIT"}, ""},
		{"none", map[string]string{"README.md": mit, "license_test.go": mit, "license.go": mit}, nil, "no license file"},
		{"a copyleft one", map[string]string{"LICENSE": agpl}, nil, "LICENSE: AGPL-3.0-or-later is not known to be compatible"},
		{"a copyleft one beside another", map[string]string{"LICENSE": mit, "LICENSE.others": agpl}, nil, "LICENSE.others: AGPL"},
		{"one of its own", map[string]string{"LICENSE": "All rights reserved. " + strings.Repeat("You may not use it. ", 20)}, nil, "only 0 %"},
		{"one with conditions of its own", map[string]string{"LICENSE": mit + strings.Repeat("And you may not sell it, whatever is said above. ", 20)}, nil, "that are known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := t.TempDir()
			dir := filepath.Join(cache, "example.com", "!module@v1.2.3+incompatible")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := licensesOf(cache, "example.com/Module", "v1.2.3+incompatible")
			switch {
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v, error %v, which does not say %q", got, err, c.says)
			case c.says == "" && err != nil:
				t.Error(err)
			case !slices.Equal(got, c.want):
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
