SELECT class, ns, id, environment, cluster, namespace, extra FROM {{table}} WHERE {{within}}
