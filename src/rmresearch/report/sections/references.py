"""The works that the methods rest on, each with its DOI where it has one."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REFERENCES"]

#: by a short name; a DOI is text, because a page of ours leads nowhere and loads nothing
REFERENCES: Mapping[str, str] = {
    "bell-mccaffrey": (
        "Bell, R. M. & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear "
        "regression with multi-stage samples. Survey Methodology 28(2), 169-181."
    ),
    "pustejovsky-tipton": (
        "Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust "
        "variance estimation and hypothesis testing in fixed effects models. Journal of Business "
        "& Economic Statistics 36(4), 672-683. doi:10.1080/07350015.2016.1247004"
    ),
    "liang-zeger": (
        "Liang, K.-Y. & Zeger, S. L. (2000). Longitudinal data analysis of continuous and "
        "discrete responses for pre-post designs. Sankhya B 62(1), 134-148."
    ),
    "kenward-roger": (
        "Kenward, M. G. & Roger, J. H. (1997). Small sample inference for fixed effects from "
        "restricted maximum likelihood. Biometrics 53(3), 983-997. doi:10.2307/2533558"
    ),
    "lin": (
        "Lin, W. (2013). Agnostic notes on regression adjustments to experimental data: "
        "reexamining Freedman's critique. Annals of Applied Statistics 7(1), 295-318. "
        "doi:10.1214/12-AOAS583"
    ),
    "imbens-angrist": (
        "Imbens, G. W. & Angrist, J. D. (1994). Identification and estimation of local average "
        "treatment effects. Econometrica 62(2), 467-475. doi:10.2307/2951620"
    ),
    "li-morgan-zaslavsky": (
        "Li, F., Morgan, K. L. & Zaslavsky, A. M. (2018). Balancing covariates via propensity "
        "score weighting. Journal of the American Statistical Association 113(521), 390-400. "
        "doi:10.1080/01621459.2016.1260466"
    ),
    "mundlak": (
        "Mundlak, Y. (1978). On the pooling of time series and cross section data. Econometrica"
        " 46(1), 69-85. doi:10.2307/1913646"
    ),
    "gelman-carlin": (
        "Gelman, A. & Carlin, J. (2014). Beyond power calculations: assessing type S (sign) and "
        "type M (magnitude) errors. Perspectives on Psychological Science 9(6), 641-651. "
        "doi:10.1177/1745691614551642"
    ),
    "jacobson-truax": (
        "Jacobson, N. S. & Truax, P. (1991). Clinical significance: a statistical approach to "
        "defining meaningful change in psychotherapy research. Journal of Consulting and Clinical "
        "Psychology 59(1), 12-19. doi:10.1037/0022-006X.59.1.12"
    ),
    "lee": (
        "Lee, D. S. (2009). Training, wages, and sample selection: estimating sharp bounds on "
        "treatment effects. Review of Economic Studies 76(3), 1071-1102. "
        "doi:10.1111/j.1467-937X.2009.00536.x"
    ),
    "imbens-manski": (
        "Imbens, G. W. & Manski, C. F. (2004). Confidence intervals for partially identified "
        "parameters. Econometrica 72(6), 1845-1857. doi:10.1111/j.1468-0262.2004.00555.x"
    ),
    "barnard-rubin": (
        "Barnard, J. & Rubin, D. B. (1999). Small-sample degrees of freedom with multiple "
        "imputation. Biometrika 86(4), 948-955. doi:10.1093/biomet/86.4.948"
    ),
    "lin-wei": (
        "Lin, D. Y. & Wei, L. J. (1989). The robust inference for the Cox proportional hazards "
        "model. Journal of the American Statistical Association 84(408), 1074-1078. "
        "doi:10.1080/01621459.1989.10478874"
    ),
    "wwc": "What Works Clearinghouse (2022). Procedures and Standards Handbook, version 5.0.",
    "edwards-parry": (
        "Edwards, J. R. & Parry, M. E. (1993). On the use of polynomial regression equations as"
        " an alternative to difference scores in organizational research. Academy of Management "
        "Journal 36(6), 1577-1613. doi:10.5465/256822"
    ),
    "besag-clifford": (
        "Besag, J. & Clifford, P. (1989). Generalized Monte Carlo significance tests. "
        "Biometrika 76(4), 633-642. doi:10.1093/biomet/76.4.633"
    ),
    "newcombe": (
        "Newcombe, R. G. (1998). Interval estimation for the difference between independent "
        "proportions: comparison of eleven methods. Statistics in Medicine 17(8), 873-890. "
        "doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I"
    ),
    "heinze-schemper": (
        "Heinze, G. & Schemper, M. (2002). A solution to the problem of separation in logistic "
        "regression. Statistics in Medicine 21(16), 2409-2419. doi:10.1002/sim.1047"
    ),
    "fieller": (
        "Fieller, E. C. (1954). Some problems in interval estimation. Journal of the Royal "
        "Statistical Society B 16(2), 175-185. doi:10.1111/j.2517-6161.1954.tb00159.x"
    ),
    "kenny-kashy-cook": (
        "Kenny, D. A., Kashy, D. A. & Cook, W. L. (2006). Dyadic Data Analysis. Guilford Press."
    ),
    "schuirmann": (
        "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the "
        "power approach for assessing the equivalence of average bioavailability. Journal of "
        "Pharmacokinetics and Biopharmaceutics 15(6), 657-680. doi:10.1007/BF01068419"
    ),
    "raudenbush-bryk": (
        "Raudenbush, S. W. & Bryk, A. S. (2002). Hierarchical Linear Models, 2nd ed. Sage."
    ),
    "holm": (
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian"
        " Journal of Statistics 6(2), 65-70."
    ),
}
