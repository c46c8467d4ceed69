package histories
import ("testing";"fmt";"os";"strconv";"strings";"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster")
func TestZZ(t *testing.T){
 for _,a:=range strings.Split(os.Getenv("SEEDS"),","){
 p:=strings.SplitN(a,":",3)
 seed,_:=strconv.ParseUint(p[0],10,64); n:=Random(seed); h:=n.History
 fmt.Println("=====",a,n.Window,"NoUp",h.NoUp,"out",h.Outages, cluster.Covered(&h,n.Window))
 names:=map[string]bool{}
 for _,x:=range h.Pods{ for _,l:=range x.Labels{ for _,v:=range l.Set { if v==p[2]&&x.Namespace==p[1]{names[x.Name]=true}}}}
 for _,x:=range h.Nodes{fmt.Println(" node",x.Name,x.Life,x.Holes,"linger",x.Linger)}
 for _,x:=range h.Kubelets{fmt.Println(" kubelet",x.Job,x.Schedule,x.Spread,x.Holes,"ep",x.Endpoint,"ts",x.Timestamps,"drop",x.DropID,"honor",x.HonorLabels)}
 for _,x:=range h.KSMs{fmt.Println(" ksm",x.Instance,x.Schedule,x.Life,x.Holes,"shard",x.Shard,x.Shards,"v",x.Version,"nouid",x.NoUID,x.HonorLabels)}
 for _,p2:=range h.Pods{ if !names[p2.Name]||p2.Namespace!=p[1]||p2.Life.And(n.Window).Length()==0 {continue}; fmt.Println(" pod",p2.Namespace,p2.Name,p2.Node,p2.Life,p2.Labels,p2.Phases); for _,c:=range p2.Containers{ fmt.Println("    ",c.Name,c.Role,c.Runs,"cpu",c.CPU,"mem",c.Memory,"req",c.MemoryRequest,"lim",c.CPULimit)}}
 }
}
